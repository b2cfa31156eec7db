//! The list of functions and operators agrees with the functions, and every example gives its result.
//! `docs/functions.md` is made from the list: `UPDATE_DOCS=1 cargo test -p dataprep --test listing` writes it.

use dataprep::expr::{BinaryOp, UnaryOp};
use dataprep::functions::{self, Clock};
use dataprep::listing::{self, FunctionEntry};
use dataprep::{CompileOptions, Expression};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// What the evaluator handles itself, without a row in the table.
const SPECIAL: [&str; 4] = ["iif", "coalesce", "filterArray", "transformArray"];

/// What an expression gives for an empty record, with the clock that the list promises.
fn eval(expression: &str) -> Result<Value, String> {
    let mut clock = Clock::new(Some("2021-10-26T10:10:24Z".parse().unwrap()), 0);
    let compiled = Expression::compile(expression, CompileOptions::default()).map_err(|e| e.to_string())?;
    let result = compiled.eval("{}", &mut clock).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&result.json).unwrap())
}

/// Java's methods are found by more than the table; that an entry is right, its example shows.
const METHODS: &str = "Java methods";

/// Functions that are made elsewhere at the time of writing.
/// INTEGRATION: delete this function and its uses when all branches are in.
fn not_there_yet(entry: &FunctionEntry) -> bool {
    match &*entry.category {
        METHODS => eval(&entry.example).is_err_and(|message| message.contains("there is no")),
        _ => !SPECIAL.contains(&&*entry.function) && !functions::table().any(|r| r.name == entry.function),
    }
}

#[test]
fn every_function_has_an_entry_and_every_entry_a_function() {
    let listed = listing::functions(Vec::new());
    for row in functions::table() {
        let entries: Vec<_> = listed.iter().filter(|entry| entry.function == row.name).collect();
        assert!(!entries.is_empty(), "functions.json has no entry for {}", row.name);
        for entry in entries {
            let same = entry.category == row.category || entry.category == METHODS;
            assert!(same, "{} is listed under {}", row.name, entry.category);
            let (required, all) = (entry.params.iter().filter(|p| !p.optional).count(), entry.params.len());
            let repeated = entry.params.iter().any(|p| p.repeated);
            assert!(required + 1 >= row.min.into(), "{} takes more arguments than its entry says", row.name);
            assert!(repeated || row.max == u8::try_from(all).unwrap(), "{}: its entry has {all}", row.name);
            assert!(repeated || usize::from(row.min) == required, "{}: {required} needed", row.name);
        }
    }
    let known: BTreeSet<&str> = functions::table().map(|row| row.name).chain(SPECIAL).collect();
    for entry in &listed {
        let name = &*entry.function;
        assert!(
            known.contains(name) || entry.category == METHODS || not_there_yet(entry),
            "functions.json has {name}, which is no function"
        );
        assert!(!entry.description.is_empty() && !entry.returns.is_empty(), "{name} is not described");
        let words = entry.params.iter().all(|p| p.description.ends_with(|c: char| ".;".contains(c)));
        assert!(words, "{name}: a parameter is not described: {:?}", entry.params);
    }
}

#[test]
fn every_example_gives_its_result() {
    let mut wrong = Vec::new();
    for entry in listing::functions(Vec::new()).iter().filter(|entry| !not_there_yet(entry)) {
        let expected = if entry.result.is_empty() { None } else { serde_json::from_str(&entry.result).ok() };
        let found = eval(&entry.example);
        // Which UUID it is depends on how values are drawn from the seed; its shape does not.
        let drawn = ["uuid", "guid"].contains(&&*entry.function);
        if drawn && found.as_ref().is_ok_and(|uuid| uuid.as_str().is_some_and(|uuid| uuid.len() == 36)) {
            continue;
        }
        if found.as_ref().ok() != expected.as_ref() {
            wrong.push(format!("{}\n  expected {expected:?}\n  got {found:?}", entry.example));
        }
    }
    for entry in listing::operators() {
        let found = eval(&entry.example);
        if found.as_ref().ok() != serde_json::from_str(&entry.result).ok().as_ref() {
            wrong.push(format!("{}\n  expected {}\n  got {found:?}", entry.example, entry.result));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_operator_is_listed() {
    let binary = BinaryOp::ALL;
    let listed = listing::operators();
    let has = |symbol: &str, operands: u64| {
        listed.iter().any(|entry| entry.operator_symbol == symbol && entry.number_of_operands == operands)
    };
    assert!(binary.iter().all(|op| has(op.symbol(), 2)));
    assert!([UnaryOp::Neg, UnaryOp::Not, UnaryOp::Complement].iter().all(|op| has(op.symbol(), 1)));
    for word in ["and", "or", "eq", "ne", "lt", "le", "gt", "ge", "mod", "div"] {
        assert!(has(word, 2), "{word}");
    }
    assert!(["not", "empty", "size"].iter().all(|word| has(word, 1)));
}

#[test]
fn entries_have_adobes_shape() {
    let listed = serde_json::to_value(listing::functions(Vec::new())).unwrap();
    let find =
        |name: &str| listed.as_array().unwrap().iter().find(|entry| entry["function"] == name).unwrap();
    let first = find("first");
    let keys: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "category",
        "function",
        "description",
        "syntax",
        "returns",
        "returnType",
        "example",
        "result",
        "params",
        "since",
    ] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(first["category"], "Hierarchies - Arrays");
    assert_eq!(first["syntax"], "Object first(Object...)");
    assert_eq!(first["params"][0]["dataType"], "[Ljava.lang.Object;");
    assert_eq!((&first["result"], &first["since"]), (&Value::from("\"1\""), &Value::from(1)));
    assert_eq!(find("lcase")["aliasOf"], "lower");
    assert_eq!(find("lcase")["example"], "lcase(\"HeLLo\")");
    assert_eq!(find("aa_get_product_events")["status"], "unpublished");
    assert_eq!(find("sha1")["syntax"], "String sha1(String[, String])");
    assert_eq!(find("equals")["syntax"], "Boolean String.equals(Object)");
    let operators = serde_json::to_value(listing::operators()).unwrap();
    assert_eq!(operators[0]["operatorSymbol"], "+");
    assert_eq!((&operators[0]["methodName"], &operators[0]["numberOfOperands"]), (&"add".into(), &2.into()));
}

#[test]
fn other_functions_can_be_listed_too() {
    let data = r#"[{"category": "mine", "functions": [{"name": "my_sum", "does": "Adds.", "takes": ["values... number The values."],
        "gives": "number", "returns": "The sum.", "example": "my_sum(1, 2)", "result": "3"}]}]"#;
    let added = listing::entries(data, std::iter::empty()).unwrap();
    let all = listing::functions(added);
    let last = all.last().unwrap();
    assert_eq!(
        (&*last.function, &*last.syntax, last.status),
        ("my_sum", "Number my_sum(Number...)", "current")
    );
    assert!(listing::entries("[", std::iter::empty()).is_err());
}

const PREFACE: &str = "\
# Functions and operators

Made from `functions.json` and `operators.json`; to change this page, change those and run
`UPDATE_DOCS=1 cargo test -p dataprep --test listing`.

The functions are those of Adobe's page *Data Prep mapping functions*, under all their names. *Unpublished* are
functions that the page does not show; where they are known from is said. Square brackets hold what may be left
out, `…` marks what may come again. The examples run on an empty record, with the clock at 2021-10-26T10:10:24Z
and the seed 0.
";

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Code as a cell of a table; long examples are cut, the list has them whole.
fn code(text: &str) -> String {
    const LONGEST: usize = 110;
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", cut.replace('|', "\\|"))
}

fn row(page: &mut String, entry: &FunctionEntry) {
    let mut does = cell(&entry.description);
    if let Some(of) = &entry.alias_of {
        does = format!("Another name of `{of}`.");
    }
    let parameters: Vec<_> = (entry.params.iter().skip(entry.method.into()))
        .filter(|_| entry.alias_of.is_none())
        .map(|p| format!("`{}`: {}", p.name, cell(&p.description)))
        .collect();
    let status = match (entry.status, &entry.status_note) {
        ("deprecated", Some(note)) => format!("deprecated: use `{note}`"),
        (status, Some(note)) => format!("{status}: {note}"),
        (status, None) => status.to_owned(),
    };
    let gives = if entry.alias_of.is_some() { String::new() } else { cell(&entry.returns) };
    let result = if entry.result.is_empty() { "fails".to_owned() } else { code(&entry.result) };
    let (usage, example) = (code(&entry.usage()), code(&entry.example));
    writeln!(
        page,
        "| {usage} | {does} | {gives} | {} | {example} | {result} | {status} |",
        parameters.join("<br>")
    )
    .unwrap();
}

#[test]
fn the_page_of_functions_is_current() {
    let mut page = String::from(PREFACE);
    let listed = listing::functions(Vec::new());
    let mut category = "";
    for entry in &listed {
        if entry.category != category {
            category = &entry.category;
            write!(page, "\n## {category}\n\n| Call | What it does | What it gives | Parameters | Example | Result | Status |\n").unwrap();
            page.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        }
        row(&mut page, entry);
    }
    page.push_str("\n## Operators\n\n| Operator | Operands | What it does | Example | Result |\n");
    page.push_str("| --- | --- | --- | --- | --- |\n");
    for entry in listing::operators() {
        let (symbol, does) = (code(&entry.operator_symbol), cell(&entry.description));
        let (example, result) = (code(&entry.example), code(&entry.result));
        writeln!(page, "| {symbol} | {} | {does} | {example} | {result} |", entry.number_of_operands)
            .unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/functions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/functions.md is old; UPDATE_DOCS=1 cargo test -p dataprep --test listing");
}
