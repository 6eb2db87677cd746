//! The modules of each crate, and that no circle ties them.
//!
//! The graph is drawn from the sources: `use` declarations and paths in code, types and macros that
//! begin with `crate`, `self`, `super`, a module in reach or a name that was imported. An import is
//! followed to the module that its name comes from, so a re-export hides nothing. Code for tests is
//! left out; a method that is called on a value names no module and makes no arrow.
//!
//! A module and those inside it are one room: a parent may use and re-export its children, and they
//! may use what the parent keeps for all of them. An arrow between two other modules counts between
//! the two siblings that they are or are inside of: `cur::csv_file -> dynamodb::keys` is
//! `cur -> dynamodb`. Among siblings there must be no way back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::{check_known, known, members, texts};

/// A module by its names from the root of the crate, which has none.
type Name = Vec<String>;

#[derive(Default)]
struct Module {
    /// Names that `use` declarations bring in, and the paths that they stand for.
    imports: BTreeMap<String, Vec<String>>,
    /// Every path that the module names.
    paths: Vec<Vec<String>>,
}

/// The modules of one crate.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Name, Module>,
}

impl Crate {
    /// Reads a crate from its first file on. `texts` are the files of the tree by path.
    fn read(texts: &BTreeMap<&str, &str>, first: &str) -> Crate {
        let mut read = Crate::default();
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        read.add_file(texts, Name::new(), first, folder);
        read
    }

    fn add_file(&mut self, texts: &BTreeMap<&str, &str>, name: Name, file: &str, folder: &str) {
        let text = texts.get(file).unwrap_or_else(|| panic!("`{file}` is in the tree"));
        let source = syn::parse_file(text).unwrap_or_else(|err| panic!("`{file}`: {err}"));
        self.add(texts, name, &source.items, folder);
    }

    /// `folder` is where the files of the module's children are.
    fn add(&mut self, texts: &BTreeMap<&str, &str>, name: Name, items: &[syn::Item], folder: &str) {
        let mut names = Names::default();
        for item in items.iter().filter(|it| !is_for_tests(it)) {
            match item {
                syn::Item::Mod(child) => {
                    let word = child.ident.to_string();
                    let child_name = [&name[..], std::slice::from_ref(&word)].concat();
                    let child_folder = format!("{folder}/{word}");
                    if let Some((_, items)) = &child.content {
                        self.add(texts, child_name, items, &child_folder);
                    } else {
                        let flat = format!("{child_folder}.rs");
                        let nested = format!("{child_folder}/mod.rs");
                        let file = if texts.contains_key(flat.as_str()) { flat } else { nested };
                        self.add_file(texts, child_name, &file, &child_folder);
                    }
                }
                item => names.visit_item(item),
            }
        }
        self.modules.insert(name, Module { imports: names.imports, paths: names.paths });
    }

    /// The deepest module that a path leads to, if it is one of this crate.
    fn target(&self, from: &[String], path: &[String], hops: usize) -> Option<Name> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Name::new(),
            "self" => from.to_vec(),
            "super" => from.split_last()?.1.to_vec(),
            word => {
                let child = [from, &[word.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    return self.follow(from, word, rest, hops);
                }
                child
            }
        };
        while let Some((word, more)) = rest.split_first() {
            if word == "super" {
                at.pop()?;
                rest = more;
                continue;
            }
            at.push(word.clone());
            if !self.modules.contains_key(&at) {
                at.pop();
                return self.follow(&at, word, more, hops).or(Some(at));
            }
            rest = more;
        }
        Some(at)
    }

    /// Where an imported name comes from.
    fn follow(&self, from: &[String], word: &str, rest: &[String], hops: usize) -> Option<Name> {
        /// No name of ours is re-exported so often; a name that leads to itself ends here.
        const HOPS_MAX: usize = 8;
        let import = self.modules.get(from)?.imports.get(word)?;
        if hops == HOPS_MAX {
            return None;
        }
        self.target(from, &[&import[..], rest].concat(), hops + 1)
    }

    /// One shortest circle for each set of siblings that are tied, such as `a -> b -> a`.
    fn circles(&self) -> Vec<String> {
        let mut rooms: BTreeMap<&[String], Arrows<'_>> = BTreeMap::new();
        let targets: Vec<(&Name, Name)> = self
            .modules
            .iter()
            .flat_map(|(name, module)| module.paths.iter().map(move |path| (name, path)))
            .filter_map(|(name, path)| Some((name, self.target(name, path, 0)?)))
            .collect();
        for (from, to) in &targets {
            let shared = from.iter().zip(to).take_while(|(left, right)| left == right).count();
            // One is inside the other, or they are one.
            let (Some(left), Some(right)) = (from.get(shared), to.get(shared)) else { continue };
            let room = rooms.entry(&from[..shared]).or_default();
            room.entry(left).or_default().insert(right);
        }
        let mut circles = Vec::new();
        for (room, arrows) in rooms {
            let room: String = room.iter().map(|it| format!("{it}::")).collect();
            let mut known = BTreeSet::new();
            for start in arrows.keys() {
                if known.contains(start) {
                    continue;
                }
                if let Some(circle) = way(&arrows, start, start) {
                    let names: Vec<String> =
                        circle.iter().map(|it| format!("{room}{it}")).collect();
                    circles.push(names.join(" -> "));
                    // Others of the same knot are shown when this circle is open.
                    let is_tied = |it: &&&str| {
                        way(&arrows, start, it).is_some() && way(&arrows, it, start).is_some()
                    };
                    known.extend(arrows.keys().filter(is_tied).copied());
                }
            }
        }
        circles
    }
}

/// From each sibling to those it uses.
type Arrows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// A shortest way of at least one arrow.
fn way<'a>(arrows: &Arrows<'a>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![from]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in way.last().and_then(|it| arrows.get(it)).into_iter().flatten() {
            let longer = [&way[..], &[*next]].concat();
            if *next == to {
                return Some(longer);
            }
            if seen.insert(*next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// The names in the code of one module.
#[derive(Default)]
struct Names {
    imports: BTreeMap<String, Vec<String>>,
    paths: Vec<Vec<String>>,
}

impl Names {
    fn import(&mut self, tree: &syn::UseTree, path: &[String]) {
        let with = |ident: &syn::Ident| [path, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(it) => self.import(&it.tree, &with(&it.ident)),
            syn::UseTree::Group(it) => it.items.iter().for_each(|it| self.import(it, path)),
            syn::UseTree::Glob(_) => self.paths.push(path.to_vec()),
            syn::UseTree::Name(it) if it.ident == "self" => {
                self.bring_in(path.last().cloned(), path.to_vec());
            }
            syn::UseTree::Name(it) => self.bring_in(Some(it.ident.to_string()), with(&it.ident)),
            syn::UseTree::Rename(it) => {
                let path = if it.ident == "self" { path.to_vec() } else { with(&it.ident) };
                self.bring_in(Some(it.rename.to_string()), path);
            }
        }
    }

    fn bring_in(&mut self, name: Option<String>, path: Vec<String>) {
        self.paths.push(path.clone());
        if let Some(name) = name.filter(|it| it != "_") {
            self.imports.insert(name, path);
        }
    }

    /// Paths such as `a::b` among the tokens of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.paths.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.paths.push(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|it| it.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.add_tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }
}

/// Whether an item is compiled for tests alone.
fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Const(it) => &it.attrs,
        syn::Item::Enum(it) => &it.attrs,
        syn::Item::Fn(it) => &it.attrs,
        syn::Item::Impl(it) => &it.attrs,
        syn::Item::Macro(it) => &it.attrs,
        syn::Item::Mod(it) => &it.attrs,
        syn::Item::Static(it) => &it.attrs,
        syn::Item::Struct(it) => &it.attrs,
        syn::Item::Trait(it) => &it.attrs,
        syn::Item::Type(it) => &it.attrs,
        syn::Item::Use(it) => &it.attrs,
        _ => return false,
    };
    attributes.iter().any(is_test_configuration)
}

/// `#[cfg(test)]`, also among others, and `#[test]`.
pub(super) fn is_test_configuration(attribute: &syn::Attribute) -> bool {
    match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            let words: Vec<&str> = text.split(|it: char| !it.is_alphanumeric()).collect();
            words.contains(&"test") && !words.contains(&"not")
        }
        _ => false,
    }
}

/// The circles of all crates, each with the first file of its crate.
fn circles_of<'a>(
    texts: &BTreeMap<&str, &str>,
    folders: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let mut circles = Vec::new();
    for folder in folders {
        let firsts = ["lib", "main"].map(|it| format!("{folder}/src/{it}.rs"));
        for first in firsts.iter().filter(|it| texts.contains_key(it.as_str())) {
            let of_crate = Crate::read(texts, first).circles();
            circles.extend(of_crate.into_iter().map(|it| format!("{first}: {it}")));
        }
    }
    circles
}

#[test]
fn no_circle_ties_the_modules_of_a_crate() {
    let (members, texts) = (members(), texts());
    let texts = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let circles = circles_of(&texts, members.iter().map(|it| it.folder.as_str()));
    check_known(&circles, known::CIRCLES);
}

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let texts: BTreeMap<&str, &str> = files.iter().copied().collect();
    Crate::read(&texts, "src/lib.rs").circles()
}

#[test]
fn circles_are_found_however_a_module_names_another() {
    let root = ("src/lib.rs", "mod a; mod b; pub use a::A;");
    for (a, b) in [
        ("use crate::b::B;", "use super::a::A;"),
        ("fn f() { crate::b::g() }", "fn g(_: crate::a::A) {}"),
        ("fn f() { println!(\"{}\", crate::b::g()) }", "impl super::a::T for X {}"),
        // By way of the parent's re-export, under another name.
        ("use crate::b;", "use crate::A as Other; fn f(_: Other) {}"),
        ("use super::*; use super::b; fn f() { b::g() }", "fn f() { use crate::a::h; }"),
        ("use crate::{b::{self, C}};", "use crate::{a as x}; fn f() { x::h() }"),
    ] {
        let files = [root, ("src/a.rs", a), ("src/b/mod.rs", b)];
        assert_eq!(circles(&files), ["a -> b -> a"], "{a} {b}");
    }
}

#[test]
fn circles_are_found_among_the_siblings_they_tie() {
    let files = [
        ("src/lib.rs", "mod a { pub mod one { use crate::b::B; } } mod b; mod c;"),
        ("src/b.rs", "mod two; pub use two::B;"),
        ("src/b/two.rs", "use crate::c::C;"),
        ("src/c.rs", "mod x { use super::y::Y; } mod y { use crate::c::x::X; } use crate::a::one;"),
    ];
    assert_eq!(circles(&files), ["a -> b -> c -> a", "c::x -> c::y -> c::x"]);
}

#[test]
fn parents_tests_and_ways_without_return_make_no_circle() {
    let files = [
        ("src/lib.rs", "mod a; mod b; pub use a::A; fn f() { b::g() } use other::b::B as X;"),
        (
            "src/a.rs",
            "use crate::f; use super::b::B; #[cfg(test)] mod tests; mod inner { use super::A; }",
        ),
        (
            "src/b.rs",
            "#[cfg(test)] mod tests { use crate::a::A; } #[cfg(all(test, unix))] use crate::a::A;",
        ),
    ];
    assert_eq!(circles(&files), Vec::<String>::new());
}
