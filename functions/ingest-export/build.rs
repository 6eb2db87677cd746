//! Links the function for x86_64 at a fixed address.
//!
//! Half a megabyte of it would only say what to change at each start so that it can lie anywhere. Its
//! stack, its heap and its libraries still do. For arm64 it is smaller, and stays as it is.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
