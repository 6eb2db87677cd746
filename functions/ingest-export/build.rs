//! Leaves out of the function for x86_64 what nothing reads; for arm64 it is smaller as it is.
//!
//! At a fixed address a third of a megabyte need not say what to change at each start so that the
//! program can lie anywhere; its stack, its heap and its libraries still do. A program that ends at
//! a panic never unwinds its stack: tables of how to, and their index, go. Functions of equal code
//! are one.

use std::env;

fn main() {
    // Of the profiles only `lambda`, in which a panic ends the program, asks for the smallest code.
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=no-unwinding.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    let Ok(folder) = env::var("CARGO_MANIFEST_DIR") else { return };
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("OPT_LEVEL", "z") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{folder}/no-unwinding.ld");
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
