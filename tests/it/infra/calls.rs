//! Which operations of AWS a function can reach, read from the sources.
//!
//! Sources are parsed, not searched: each function of the code becomes a node, each call an arrow.
//! A call by path goes to every function of that name in the same crate or in a library. A call of a
//! method goes to the methods of the same type for `self`, and otherwise to those in the same file
//! (but not in adapters), and to those of the adapters that [`ADAPTERS`] names for the receiver. What implements a trait of
//! others is called by others, so it is reached with anything in its file. A method of something
//! called `client` that [`ACTIONS`] knows is a call of AWS.

use std::collections::BTreeSet;
use std::path::Path;

use syn::visit::{self, Visit};

/// Names of receivers that are an adapter, or lead to one from another file, and their types.
const ADAPTERS: [(&str, &str); 17] = [
    ("alerts", "DynamoLedger"),
    ("asker", "Asker"),
    ("athena", "Athena"),
    ("contents", "DynamoLedger"),
    ("cost_explorer", "AwsCostExplorer"),
    ("documents", "DynamoLedger"),
    ("explorer", "AwsCostExplorer"),
    ("from", "S3Export"),
    ("ledger", "DynamoLedger"),
    ("native", "AwsBudgets"),
    ("notifier", "SnsNotifier"),
    ("notifier", "TopicNotifier"),
    ("quick_look", "AwsCostExplorer"),
    ("quota", "DailyCap"),
    ("shared", "Shared"),
    ("source", "S3Export"),
    ("store", "Store"),
];

/// The operations of the SDK's clients, and the actions that allow them: more than one where an operation
/// has several lines.
const ACTIONS: [(&str, &str); 39] = [
    ("batch_write_item", "dynamodb:BatchWriteItem"),
    ("create_budget", "budgets:ModifyBudget"),
    ("create_budget", "budgets:TagResource"),
    ("create_notification", "budgets:ModifyBudget"),
    ("create_subscriber", "budgets:ModifyBudget"),
    ("create_table", "dynamodb:CreateTable"),
    ("create_topic", "sns:CreateTopic"),
    ("delete_budget", "budgets:ModifyBudget"),
    ("delete_item", "dynamodb:DeleteItem"),
    ("delete_notification", "budgets:ModifyBudget"),
    ("delete_subscriber", "budgets:ModifyBudget"),
    ("describe_budgets", "budgets:ViewBudget"),
    ("describe_notifications_for_budget", "budgets:ViewBudget"),
    ("describe_subscribers_for_notification", "budgets:ViewBudget"),
    ("describe_table", "dynamodb:DescribeTable"),
    ("describe_time_to_live", "dynamodb:DescribeTimeToLive"),
    ("get_cost_and_usage", "ce:GetCostAndUsage"),
    ("get_dimension_values", "ce:GetDimensionValues"),
    ("get_item", "dynamodb:GetItem"),
    ("get_object", "s3:GetObject"),
    ("get_query_execution", "athena:GetQueryExecution"),
    ("get_subscription_attributes", "sns:GetSubscriptionAttributes"),
    ("get_topic_attributes", "sns:GetTopicAttributes"),
    ("head_object", "s3:GetObject"),
    ("list_objects_v2", "s3:ListBucket"),
    ("list_subscriptions_by_topic", "sns:ListSubscriptionsByTopic"),
    ("list_tags_for_resource", "budgets:ListTagsForResource"),
    ("publish", "sns:Publish"),
    ("put_item", "dynamodb:PutItem"),
    ("query", "dynamodb:Query"),
    ("set_subscription_attributes", "sns:SetSubscriptionAttributes"),
    ("start_query_execution", "athena:StartQueryExecution"),
    ("stop_query_execution", "athena:StopQueryExecution"),
    ("subscribe", "sns:Subscribe"),
    ("transact_write_items", "dynamodb:PutItem"),
    ("update_budget", "budgets:ModifyBudget"),
    ("update_item", "dynamodb:UpdateItem"),
    ("update_subscriber", "budgets:ModifyBudget"),
    ("update_time_to_live", "dynamodb:UpdateTimeToLive"),
];

/// One function of the code.
#[derive(Debug, Default)]
pub struct Node {
    /// The folder of its crate, relative to the root.
    pub folder: String,
    /// The file it is in.
    pub file: String,
    /// The type it is a method of.
    pub of_type: Option<String>,
    /// The trait that it implements.
    pub of_trait: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether others can call it by way of a port or as `pub`.
    pub is_open: bool,
    actions: BTreeSet<&'static str>,
    unknown: BTreeSet<String>,
    calls: BTreeSet<Call>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    /// `name(…)`, or the name as a value: of the same file, or imported.
    Free(String),
    /// `module::name(…)`, or the name as a value.
    Elsewhere(String),
    /// `Type::name(…)`, or `self.name(…)` in a method of the type.
    Method(String, String),
    /// `something.name(…)`.
    Unknown(String),
}

/// All functions of some crates.
#[derive(Debug, Default)]
pub struct Calls {
    nodes: Vec<Node>,
    /// The names of our own traits.
    traits: BTreeSet<String>,
    /// Files, and the names that they import.
    imports: BTreeSet<(String, String)>,
}

impl Calls {
    /// Reads the sources below `src` of each folder; tests are left out.
    pub fn read(root: &Path, folders: &[String]) -> Calls {
        let mut calls = Calls::default();
        for folder in folders {
            let mut left = vec![root.join(folder).join("src")];
            while let Some(path) = left.pop() {
                for entry in std::fs::read_dir(&path).expect("a folder of sources is readable") {
                    let path = entry.expect("an entry is readable").path();
                    let is_test = path.file_stem().and_then(|it| it.to_str());
                    let is_test = is_test.is_some_and(|it| it == "tests" || it.ends_with("_tests"));
                    if path.is_dir() && !is_test {
                        left.push(path);
                    } else if path.extension().is_some_and(|it| it == "rs") && !is_test {
                        let text = std::fs::read_to_string(&path).expect("a source is readable");
                        calls.add(folder, &path.to_string_lossy(), &text);
                    }
                }
            }
        }
        calls
    }

    fn add(&mut self, folder: &str, file: &str, text: &str) {
        let source = syn::parse_file(text).expect("a source is Rust");
        let mut reader = Reader { folder, file, ..Reader::default() };
        reader.visit_file(&source);
        self.nodes.append(&mut reader.nodes);
        self.traits.append(&mut reader.traits);
        self.imports.append(&mut reader.imports);
    }

    /// What all functions of a folder can reach.
    pub fn actions_of(&self, folder: &str) -> BTreeSet<&'static str> {
        let from = self.places(|it| it.folder == folder);
        self.reached(from).into_iter().flat_map(|it| it.actions.iter().copied()).collect()
    }

    /// Calls of a client that [`ACTIONS`] does not know.
    pub fn unknown(&self) -> BTreeSet<&str> {
        self.nodes.iter().flat_map(|it| it.unknown.iter().map(String::as_str)).collect()
    }

    /// Open functions of a folder that reach AWS themselves, but from none of `folders`.
    pub fn unused(&self, folder: &str, folders: &[String]) -> BTreeSet<String> {
        let used: BTreeSet<*const Node> = folders
            .iter()
            .flat_map(|from| self.reached(self.places(|it| it.folder == *from)))
            .map(std::ptr::from_ref)
            .collect();
        self.places(|it| it.folder == folder && it.is_open)
            .into_iter()
            .filter(|at| !self.reached(vec![*at]).iter().all(|it| it.actions.is_empty()))
            .filter_map(|at| self.nodes.get(at))
            .filter(|it| !used.contains(&std::ptr::from_ref(*it)))
            .map(|it| it.name.clone())
            .collect()
    }

    fn leads_to(&self, from: &Node, call: &Call, to: &Node) -> bool {
        let is_near = to.folder == from.folder || !to.folder.starts_with("function");
        match call {
            Call::Free(name) => {
                let is_known = to.file == from.file
                    || self.imports.contains(&(from.file.clone(), name.clone()));
                to.of_type.is_none() && to.name == *name && is_near && is_known
            }
            Call::Elsewhere(name) => to.of_type.is_none() && to.name == *name && is_near,
            Call::Method(of, name) => to.of_type.as_ref() == Some(of) && to.name == *name,
            // Adapters are full of `get` and `take` that are not theirs.
            Call::Unknown(name) => {
                let is_adapter = from.folder == "shared/ledger-aws";
                !is_adapter && to.of_type.is_some() && to.name == *name && to.file == from.file
            }
        }
    }

    fn places(&self, holds: impl Fn(&Node) -> bool) -> Vec<usize> {
        self.nodes.iter().enumerate().filter(|(_, it)| holds(it)).map(|(at, _)| at).collect()
    }

    fn reached(&self, mut left: Vec<usize>) -> Vec<&Node> {
        let mut seen: BTreeSet<usize> = left.iter().copied().collect();
        while let Some(at) = left.pop() {
            let Some(from) = self.nodes.get(at) else { continue };
            let next = self.places(|it| {
                let is_foreign =
                    it.of_trait.as_ref().is_some_and(|name| !self.traits.contains(name));
                (is_foreign && it.file == from.file)
                    || from.calls.iter().any(|call| self.leads_to(from, call, it))
            });
            left.extend(next.into_iter().filter(|it| seen.insert(*it)));
        }
        seen.into_iter().filter_map(|at| self.nodes.get(at)).collect()
    }
}

#[derive(Default)]
struct Reader<'a> {
    folder: &'a str,
    file: &'a str,
    of_type: Option<String>,
    of_trait: Option<String>,
    nodes: Vec<Node>,
    traits: BTreeSet<String>,
    imports: BTreeSet<(String, String)>,
}

impl Reader<'_> {
    fn begin(&mut self, name: &syn::Ident, vis: Option<&syn::Visibility>) {
        let is_public = vis.is_some_and(|it| matches!(it, syn::Visibility::Public(_)));
        self.nodes.push(Node {
            folder: self.folder.to_owned(),
            file: self.file.to_owned(),
            of_type: self.of_type.clone(),
            of_trait: self.of_trait.clone(),
            name: name.to_string(),
            is_open: is_public || self.of_trait.is_some(),
            ..Node::default()
        });
    }

    /// Writes down a call of the function that is being read.
    fn call(&mut self, call: Call) {
        if let Some(node) = self.nodes.last_mut() {
            node.calls.insert(call);
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|it| {
        it.path().is_ident("cfg")
            && it.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// The last name of `a`, `a.b` or `a.b()`.
fn name_of(expr: &syn::Expr) -> Option<String> {
    match expr {
        syn::Expr::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => None,
        },
        syn::Expr::MethodCall(call) => Some(call.method.to_string()),
        syn::Expr::Reference(inner) => name_of(&inner.expr),
        syn::Expr::Paren(inner) => name_of(&inner.expr),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let syn::Type::Path(path) = &*item.self_ty else { return };
        let last = |path: &syn::Path| path.segments.last().map(|it| it.ident.to_string());
        self.of_type = last(&path.path);
        self.of_trait = item.trait_.as_ref().and_then(|(path, _)| last(path));
        visit::visit_item_impl(self, item);
        self.of_type = None;
        self.of_trait = None;
    }

    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        self.imports.insert((self.file.to_owned(), name.ident.to_string()));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.traits.insert(item.ident.to_string());
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.begin(&item.sig.ident, Some(&item.vis));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.begin(&item.sig.ident, Some(&item.vis));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        let mut segments = expr.path.segments.iter().rev().map(|it| it.ident.to_string());
        if let Some(name) = segments.next() {
            match segments.next() {
                Some(of) if of == "Self" => {
                    if let Some(of) = self.of_type.clone() {
                        self.call(Call::Method(of, name));
                    }
                }
                Some(of) if of.starts_with(char::is_uppercase) => {
                    self.call(Call::Method(of, name));
                }
                Some(_) => self.call(Call::Elsewhere(name)),
                None => self.call(Call::Free(name)),
            }
        }
        visit::visit_expr_path(self, expr);
    }

    fn visit_expr_method_call(&mut self, expr: &'ast syn::ExprMethodCall) {
        let name = expr.method.to_string();
        let receiver = name_of(&expr.receiver).unwrap_or_default();
        if receiver == "client" {
            let actions = ACTIONS.iter().filter(|(operation, _)| *operation == name);
            let actions: Vec<&'static str> = actions.map(|(_, action)| *action).collect();
            // What every client and handle has.
            let is_plain = ["as_ref", "clone", "config"].contains(&name.as_str());
            if let Some(node) = self.nodes.last_mut() {
                if actions.is_empty() && !is_plain {
                    node.unknown.insert(name.clone());
                }
                node.actions.extend(actions);
            }
        }
        match self.of_type.clone() {
            Some(of) if receiver == "self" => self.call(Call::Method(of, name.clone())),
            _ => self.call(Call::Unknown(name.clone())),
        }
        for (_, of) in ADAPTERS.iter().filter(|(it, _)| *it == receiver) {
            self.call(Call::Method((*of).to_owned(), name.clone()));
        }
        visit::visit_expr_method_call(self, expr);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // The arguments of most macros are expressions; the rest calls nothing of ours.
        let parse = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = item.parse_body_with(parse) {
            // Their lifetime ends here, so they are read by a reader of their own.
            let mut inner = Reader {
                folder: self.folder,
                file: self.file,
                of_type: self.of_type.clone(),
                nodes: vec![Node::default()],
                ..Reader::default()
            };
            for argument in &arguments {
                inner.visit_expr(argument);
            }
            if let Some((read, node)) = inner.nodes.pop().zip(self.nodes.last_mut()) {
                node.actions.extend(read.actions);
                node.unknown.extend(read.unknown);
                node.calls.extend(read.calls);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(texts: &[(&str, &str)]) -> Vec<&'static str> {
        let mut calls = Calls::default();
        for (folder, text) in texts {
            calls.add(folder, folder, text);
        }
        calls.actions_of("function").into_iter().collect()
    }

    const ADAPTER: &str = "
        trait LedgerStore {}
        impl LedgerStore for DynamoLedger {
            async fn heads(&self) { self.look().await }
            async fn replace(&self) { self.client.put_item().send() }
        }
        impl DynamoLedger {
            async fn look(&self) { let client = &self.client; client.query() }
            async fn unused(&self) { self.client.delete_item() }
        }
        #[cfg(test)]
        mod tests { fn heads() { client.create_table() } }";

    #[test]
    fn what_is_reached_is_found_and_nothing_else() {
        let use_case = "pub async fn lookup(ledger: &L) { text.replace('a'); ledger.heads() }";
        let handler = "fn handle() { tracing::info!(\"{}\", app::lookup(ledger)); }";
        let other = "fn handle() { ledger.replace() }";
        let texts =
            [("aws", ADAPTER), ("app", use_case), ("function", handler), ("functions/b", other)];
        assert_eq!(actions(&texts), ["dynamodb:Query"]);
    }

    #[test]
    fn functions_are_followed_as_values_too() {
        let texts = [
            ("aws", ADAPTER),
            ("function", "fn f() { get(lookup) } fn lookup() { ledger.replace() }"),
        ];
        assert_eq!(actions(&texts), ["dynamodb:PutItem"]);
    }

    #[test]
    fn what_others_call_is_reached_with_its_file() {
        let adapter =
            "impl std::io::Read for Chunks { fn read(&self) { self.client.get_object() } }
            pub fn chunks() {}";
        let texts = [("aws", adapter), ("function", "fn f() { aws::chunks() }")];
        assert_eq!(actions(&texts), ["s3:GetObject"]);
    }

    #[test]
    fn an_operation_without_an_action_is_told() {
        let mut calls = Calls::default();
        calls.add("aws", "aws", "fn f() { self.client.drop_everything() }");
        assert_eq!(calls.unknown().into_iter().collect::<Vec<_>>(), ["drop_everything"]);
    }
}
