//! No file and no function is too long to be read at once.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use super::modules::is_test_configuration;
use super::{check_known, known, sources, without_tests};

const FILE_LINES_MAX: usize = 500;

const FUNCTION_LINES_MAX: usize = 70;

/// Files that are too long, without the tests at their ends.
fn long_files(sources: &[(String, String)]) -> Vec<String> {
    let lengths = sources.iter().map(|(name, text)| (name, without_tests(text).lines().count()));
    lengths.filter(|(_, lines)| *lines > FILE_LINES_MAX).map(|(name, _)| name.clone()).collect()
}

/// Functions that are too long, as `file: name`.
fn long_functions(sources: &[(String, String)]) -> Vec<String> {
    let mut long = Vec::new();
    for (name, text) in sources {
        let source = syn::parse_file(text).unwrap_or_else(|err| panic!("`{name}`: {err}"));
        let mut functions = Functions::default();
        functions.visit_file(&source);
        let too_long = functions.lines.into_iter().filter(|(_, it)| *it > FUNCTION_LINES_MAX);
        long.extend(too_long.map(|(function, _)| format!("{name}: {function}")));
    }
    long
}

/// The lines of each function, from its signature to its end.
#[derive(Default)]
struct Functions {
    lines: BTreeMap<String, usize>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        let longest = self.lines.entry(signature.ident.to_string()).or_default();
        *longest = (*longest).max(last + 1 - first);
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(is_test_configuration) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn no_file_has_more_than_500_lines() {
    check_known(&long_files(&sources()), known::LONG_FILES);
}

#[test]
fn no_function_has_more_than_70_lines() {
    check_known(&long_functions(&sources()), known::LONG_FUNCTIONS);
}

#[test]
fn what_is_too_long_is_found() {
    let file = |name: &str, text: String| (name.to_owned(), text);
    let lines = |count: usize| "// one\n".repeat(count);
    let tests = "\n#[cfg(test)]\nmod tests {\n    fn of_tests() {}\n}\n";
    let files = [file("long.rs", lines(501)), file("short.rs", format!("{}{tests}", lines(499)))];
    assert_eq!(long_files(&files), ["long.rs"]);
    let body = |count: usize| format!("{{\n{}}}", lines(count));
    let text = format!(
        "fn short() {}\nfn long() {}\nimpl A {{ fn method() {} }}\ntrait B {{ fn given() {} }}\n\
         #[cfg(test)] mod tests {{ fn of_tests() {} }}\n",
        body(68),
        body(69),
        body(69),
        body(69),
        body(69)
    );
    assert_eq!(
        long_functions(&[file("a.rs", text)]),
        ["a.rs: given", "a.rs: long", "a.rs: method"]
    );
}
