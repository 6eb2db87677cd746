//! Maps as text, the way that exports and the tools that people copy them with write them.
//!
//! | Written by | as |
//! | --- | --- |
//! | exports, Snowflake, Polars, Spark | `{"key":"value"}`, also with lines and spaces between |
//! | JSON of a list | `[{"key":"a","value":"b"}]`, `[["a","b"]]` |
//! | pandas, of a map | `[('a', 'b')]` |
//! | pandas, of a list | `[{'key': 'a', 'value': 'b'}` and the next without a comma |
//! | Polars, printed | `[{"a","b"}]` |
//! | DuckDB, Athena | `{a=b, c=d}`; DuckDB puts quotes around what needs them |
//! | Spark, printed | `{a -> b}` |

use crate::cur::meaning::faults::Fault;
use crate::cur::meaning::row::is_null;

pub(super) const NOT_A_MAP: Fault =
    "not a JSON object of texts; expected the form `{\"key\":\"value\"}`";
const AMBIGUOUS: Fault = "a map without quotes with a second `=` in an entry, as Athena and DuckDB \
     print it; cast the column to JSON there";
const CUT_SHORT: Fault =
    "a map of which a printed table leaves out a part (`...`); write the column as JSON";

/// Levels of nesting; the forms above have at most four.
const DEPTH_MAX: usize = 8;

/// Names of a list of entries within a record.
const LISTS: [&str; 4] = ["key_value", "entries", "map", "list"];

/// The entries of a map, in order; those without a value are left out.
pub(super) fn entries(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let text = text.trim();
    if is_null(text) {
        return Ok(Vec::new());
    }
    let unescaped = if text.starts_with("{\"\"") && !text.starts_with("{\"\":") {
        text.replace("\"\"", "\"")
    } else if text.starts_with("{\\\"") {
        text.replace("\\\"", "\"")
    } else {
        text.to_owned()
    };
    let read = parse(&unescaped).and_then(|it| of_node(it, true).ok_or(NOT_A_MAP));
    let is_cut = |fault| fault == NOT_A_MAP && (text.contains("...") || text.contains('…'));
    read.map_err(|fault| if is_cut(fault) { CUT_SHORT } else { fault })
}

/// A value of any of the forms.
#[derive(Debug)]
enum Node {
    Null,
    Text(String),
    List(Vec<Node>),
    Fields(Vec<(String, Node)>),
}

fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { rest: text, depth: 0 };
    let node = parser.node()?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(node) } else { Err(NOT_A_MAP) }
}

/// The entries of a map; text can hold a map once more.
fn of_node(node: Node, is_outermost: bool) -> Option<Vec<(String, String)>> {
    match node {
        Node::Null => Some(Vec::new()),
        Node::Text(text) if is_outermost => of_node(parse(text.trim()).ok()?, false),
        Node::Text(_) => None,
        Node::List(items) => {
            let pairs = items.into_iter().map(pair_of).collect::<Option<Vec<_>>>()?;
            Some(pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
        }
        // A list of entries within a record, as BigQuery has it.
        Node::Fields(mut fields) if matches!(fields.as_slice(), [(name, Node::List(_))] if LISTS.contains(&name.as_str())) => {
            of_node(fields.pop()?.1, false)
        }
        Node::Fields(fields) => {
            let entry = |(key, value)| match value {
                Node::Text(value) => Some(Some((key, value))),
                Node::Null => Some(None),
                Node::List(_) | Node::Fields(_) => None,
            };
            Some(
                fields
                    .into_iter()
                    .map(entry)
                    .collect::<Option<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect(),
            )
        }
    }
}

/// A key and its value as an item of a list.
fn pair_of(item: Node) -> Option<(String, Option<String>)> {
    let text = |node| match node {
        Node::Text(text) => Some(Some(text)),
        Node::Null => Some(None),
        Node::List(_) | Node::Fields(_) => None,
    };
    let (key, value) = match item {
        Node::List(sides) => <[Node; 2]>::try_from(sides).ok()?.into(),
        Node::Fields(fields) => {
            let [(name, left), (_, right)] = <[(String, Node); 2]>::try_from(fields).ok()?;
            let is_value = name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case("v");
            if is_value { (right, left) } else { (left, right) }
        }
        Node::Null | Node::Text(_) => return None,
    };
    Some((text(key)??, text(value)?))
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a token, if it is next.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn node(&mut self) -> Result<Node, Fault> {
        self.skip_space();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(NOT_A_MAP);
        }
        let node = match self.rest.chars().next() {
            Some('{') => self.braces(),
            Some('[') => self.list("[", "]"),
            Some('(') => self.list("(", ")"),
            Some('"' | '\'') => self.quoted().map(Node::Text),
            _ => Ok(word(self.until(&[",", "]", ")", "}", "\n"]))),
        };
        self.depth -= 1;
        node
    }

    /// The text before any of these, or all of it.
    fn until(&mut self, ends: &[&str]) -> &'a str {
        let end = ends.iter().filter_map(|it| self.rest.find(it)).min();
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        text
    }

    /// A list; a printed array has no commas between its items.
    fn list(&mut self, open: &str, close: &str) -> Result<Node, Fault> {
        self.take(open);
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.take(close) {
                return Ok(Node::List(items));
            }
            let before = self.rest.len();
            items.push(self.node()?);
            self.skip_space();
            if !self.take(",") && self.rest.len() == before {
                return Err(NOT_A_MAP);
            }
        }
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let quote = self.rest.chars().next().unwrap_or_default();
        let mut letters = self.rest.char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => {
                    let (_, escaped) = letters.next().ok_or(NOT_A_MAP)?;
                    let digits = match escaped {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    text.push(match escaped {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        '\\' | '\'' | '"' | '/' => escaped,
                        _ if digits > 0 => {
                            let code: String =
                                letters.by_ref().take(digits).map(|it| it.1).collect();
                            let code = u32::from_str_radix(&code, 16).map_err(|_| NOT_A_MAP)?;
                            char::from_u32(code).ok_or(NOT_A_MAP)?
                        }
                        _ => return Err(NOT_A_MAP),
                    });
                }
                _ if letter == quote => {
                    self.rest = self.rest.get(at + quote.len_utf8()..).unwrap_or_default();
                    return Ok(text);
                }
                _ => text.push(letter),
            }
        }
        Err(NOT_A_MAP)
    }

    /// A map, or the values of a record without their names.
    fn braces(&mut self) -> Result<Node, Fault> {
        self.take("{");
        let mut fields: Vec<(String, Node)> = Vec::new();
        let mut sides = Vec::new();
        let mut value_is_open = false;
        loop {
            self.skip_space();
            if self.take("}") {
                break;
            }
            if self.rest.starts_with(['"', '\'']) {
                let text = self.quoted()?;
                self.skip_space();
                match [":", "=>", "->", "="].into_iter().any(|it| self.take(it)) {
                    true => value_is_open = self.value(text, &mut fields)?,
                    false => sides.push(Node::Text(text)),
                }
            } else {
                let part = self.rest.get(..self.rest.find([',', '}']).ok_or(NOT_A_MAP)?);
                let part = part.unwrap_or_default();
                let separators = [" -> ", "=>", "=", ": "];
                let found = separators.iter().filter_map(|it| Some((part.find(it)?, it.len())));
                match found.min_by_key(|it| it.0) {
                    Some((at, length)) => {
                        let key = part.get(..at).unwrap_or_default().trim().to_owned();
                        self.rest = self.rest.get(at + length..).unwrap_or_default();
                        value_is_open = self.value(key, &mut fields)?;
                    }
                    // Keys of tags have no comma, so that it is within the value before.
                    None => match fields.last_mut() {
                        Some((_, Node::Text(value))) if value_is_open => {
                            value.push_str(", ");
                            value.push_str(part.trim_end());
                            self.rest = self.rest.get(part.len()..).unwrap_or_default();
                        }
                        None if is_null(part.trim()) => {
                            sides.push(Node::Null);
                            self.rest = self.rest.get(part.len()..).unwrap_or_default();
                        }
                        _ => return Err(NOT_A_MAP),
                    },
                }
            }
            self.skip_space();
            if !self.take(",") && !self.rest.starts_with('}') {
                return Err(NOT_A_MAP);
            }
        }
        match (fields.is_empty(), sides.is_empty()) {
            (_, true) => Ok(Node::Fields(fields)),
            (true, false) => Ok(Node::List(sides)),
            (false, false) => Err(NOT_A_MAP),
        }
    }

    /// Reads the value of a key; whether it has no quotes, so that a comma does not end it.
    fn value(&mut self, key: String, fields: &mut Vec<(String, Node)>) -> Result<bool, Fault> {
        self.skip_space();
        let is_bare = !self.rest.starts_with(['"', '\'', '{', '[', '(']);
        let node = match is_bare {
            true => {
                let text = self.until(&[",", "}"]);
                if text.contains('=') {
                    return Err(AMBIGUOUS);
                }
                word(text)
            }
            false => self.node()?,
        };
        fields.push((key, node));
        Ok(is_bare)
    }
}

/// A text without quotes.
fn word(text: &str) -> Node {
    let text = text.trim();
    if is_null(text) && !text.is_empty() { Node::Null } else { Node::Text(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let entries = entries(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let entries: Vec<(&str, &str)> = entries.iter().map(|it| (&*it.0, &*it.1)).collect();
        assert_eq!(entries, expected, "{text}");
    }

    #[test]
    fn a_map_is_read_as_each_tool_prints_it() {
        let expected = [("iamPrincipal/team", "search"), ("resourceTags/user:env", "prod")];
        for text in [
            r#"{"iamPrincipal/team":"search","resourceTags/user:env":"prod"}"#,
            "{\n  \"iamPrincipal/team\": \"search\",\n  \"resourceTags/user:env\": \"prod\"\n}",
            r#"{""iamPrincipal/team"":""search"",""resourceTags/user:env"":""prod""}"#,
            r#"{\"iamPrincipal/team\":\"search\",\"resourceTags/user:env\":\"prod\"}"#,
            r#""{\"iamPrincipal/team\":\"search\",\"resourceTags/user:env\":\"prod\"}""#,
            r#"[{"key":"iamPrincipal/team","value":"search"},{"key":"resourceTags/user:env","value":"prod"}]"#,
            r#"[{"value":"search","key":"iamPrincipal/team"},{"Value":"prod","Key":"resourceTags/user:env"}]"#,
            r#"{"key_value":[{"key":"iamPrincipal/team","value":"search"},{"key":"resourceTags/user:env","value":"prod"}]}"#,
            r#"[["iamPrincipal/team","search"],["resourceTags/user:env","prod"]]"#,
            "{'iamPrincipal/team': 'search', 'resourceTags/user:env': 'prod', 'none': None}",
            "[('iamPrincipal/team', 'search'), ('resourceTags/user:env', 'prod')]",
            "[{'key': 'iamPrincipal/team', 'value': 'search'}\n {'key': 'resourceTags/user:env', 'value': 'prod'}]",
            "[{'key': iamPrincipal/team, 'value': search}, {'key': resourceTags/user:env, 'value': prod}]",
            r#"[{"iamPrincipal/team","search"}, {"resourceTags/user:env","prod"}]"#,
            "{iamPrincipal/team=search, resourceTags/user:env=prod}",
            "{iamPrincipal/team=search, resourceTags/user:env='prod', none=NULL}",
            "{iamPrincipal/team -> search, resourceTags/user:env -> prod}",
            "[{field0=iamPrincipal/team, field1=search}, {field0=resourceTags/user:env, field1=prod}]",
        ] {
            check(text, &expected);
        }
        for text in ["", "{}", "[]", "null", "None", "NaN", "<NA>", "NULL", " "] {
            check(text, &[]);
        }
    }

    #[test]
    fn what_is_within_a_text_stays() {
        let text = r#"{'a': 'it\'s \\ \u00e9', 'b': "it's"}"#;
        check(text, &[("a", "it's \\ é"), ("b", "it's")]);
        check("{a=Input tokens, 1K, b=c d}", &[("a", "Input tokens, 1K"), ("b", "c d")]);
        check("{a='b=c, d}'}", &[("a", "b=c, d}")]);
        check("{a=}", &[("a", "")]);
    }

    #[test]
    fn what_cannot_be_read_exactly_is_not_guessed() {
        for text in ["team=search", "[1]", "{\"a\":{}}", "{\"a\":\"b\"", "{a}", "{'a': 'b'} x", "5"]
        {
            assert_eq!(entries(text).unwrap_err(), NOT_A_MAP, "{text}");
        }
        assert_eq!(entries("{a=b=c}").unwrap_err(), AMBIGUOUS);
        assert_eq!(entries("[('a', 'b'), ...]").unwrap_err(), CUT_SHORT);
        assert_eq!(entries(&"[".repeat(100_000)).unwrap_err(), NOT_A_MAP);
    }
}
