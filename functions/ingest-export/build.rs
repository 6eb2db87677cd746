//! Leaves out of the function for x86_64 what nothing reads; for arm64 it is smaller as it is.
//!
//! At a fixed address half a megabyte need not say what to change at each start so that the program
//! can lie anywhere; its stack, its heap and its libraries still do. A program that ends at a panic
//! needs no index to unwind its stack.

fn main() {
    // Of the profiles only `lambda`, in which a panic ends the program, asks for the smallest code.
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("OPT_LEVEL", "z") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}
