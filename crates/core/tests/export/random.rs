//! Expressions of all kinds, made at random: in Adobe's words they give what they gave before.

use crate::settings;
use dataprep::expr::Expr;
use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression, SourceType};
use serde_json::{Value, json};
use stripe_xdm_core::export::{self, Options};

/// Writes expressions over two texts (`s`, `t`), a flag (`f`) and a number (`n`), each of which may be
/// missing.
struct Writer(u64);

impl Writer {
    fn pick(&mut self, choices: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % choices
    }

    fn text(&mut self) -> &'static str {
        ["s", "t", "coalesce(s, t)", "(s ?? t)"][self.pick(4) as usize]
    }

    fn condition(&mut self, depth: u32) -> String {
        let text = self.text();
        match self.pick(if depth == 0 { 12 } else { 17 }) {
            0 => format!("{text} == \"x\""),
            1 => format!("\"ab\" != {text}"),
            2 => format!("{text} == null"),
            3 => format!("{text} != null"),
            4 => format!("f == {}", self.pick(2) == 0),
            5 => format!("f != {}", self.pick(2) == 0),
            6 => "f".to_owned(),
            7 => "n > 5".to_owned(),
            8 => format!("{text} =^ \"a\""),
            9 => format!("{text} !$ \"b\""),
            10 => format!("{text} =~ [\"x\", \"a.b\"]"),
            11 => ["true", "empty(s)", "null == null"][self.pick(3) as usize].to_owned(),
            12 | 13 => format!("{} && {}", self.inner(depth), self.inner(depth)),
            14 | 15 => format!("{} || {}", self.inner(depth), self.inner(depth)),
            _ => format!("!{}", self.inner(depth)),
        }
    }

    fn inner(&mut self, depth: u32) -> String {
        format!("({})", self.condition(depth - 1))
    }

    fn value(&mut self, depth: u32) -> String {
        match self.pick(if depth == 0 { 4 } else { 9 }) {
            0 => self.text().to_owned(),
            1 => "\"c\"".to_owned(),
            2 => "concat(\"p\", \"q\", coalesce(s, \"\"))".to_owned(),
            3 => "null".to_owned(),
            4 | 5 => {
                let condition = self.condition(depth);
                format!("iif({condition}, {}, {})", self.value(depth - 1), self.value(depth - 1))
            }
            6 => {
                let condition = self.condition(depth);
                format!("({condition}) ? ({}) : ({})", self.value(depth - 1), self.value(depth - 1))
            }
            7 => format!("coalesce({}, {})", self.value(depth - 1), self.value(depth - 1)),
            _ => format!("upper({})", self.value(depth - 1)),
        }
    }
}

fn compiled(source: &str) -> Expression {
    Expression::compile(source, CompileOptions::default()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn value_of(expression: &Expression, record: &str) -> Value {
    let value = expression.eval(record, &mut Clock::default());
    serde_json::from_str(&value.unwrap_or_else(|error| panic!("{record}: {error}")).json).unwrap()
}

#[test]
fn other_words_mean_the_same() {
    let mut writer = Writer(2026);
    let sources: Vec<String> = (0..300).map(|_| writer.value(4)).collect();
    let mappings: Vec<Value> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            json!({"sourceType": "EXPRESSION", "source": source, "destination": format!("_acme.x{index}")})
        })
        .collect();
    let model = json!({"resource": "price", "replace": true, "mappingSet": {"mappings": mappings}});
    let options = Options { root: None, ..Options::default() };
    let exported = export::adobe("price", &settings(json!({"models": [model]})), &options).unwrap();
    assert_eq!(exported.report.len(), sources.len());
    assert!(exported.report.iter().all(|line| line.after.is_some() || !line.reasons.is_empty()));

    let mut records = Vec::new();
    for s in [json!(null), json!("x"), json!("ab"), json!("a.b")] {
        for t in [json!(null), json!("axb"), json!("x")] {
            for (f, n) in [(json!(null), json!(null)), (json!(true), json!(9)), (json!(false), json!(3))] {
                records.push(json!({"s": s, "t": t, "f": f, "n": n}).to_string());
            }
        }
    }
    let mut compared = 0;
    for (before, line) in sources.iter().zip(&exported.report) {
        let mapping = exported.mapping_set.mappings.iter().find(|m| m.destination == line.destination);
        let after = match mapping {
            None => "null".to_owned(),
            Some(mapping) if mapping.source_type == SourceType::Static => {
                Expr::string(&mapping.source).to_string()
            }
            Some(mapping) => mapping.source.clone(),
        };
        let (before, after) = (compiled(before), compiled(&after));
        for record in &records {
            let (got, wanted) = (value_of(&after, record), value_of(&before, record));
            assert_eq!(got, wanted, "{line:?}\n{record}");
            compared += 1;
        }
    }
    assert!(compared > 10_000);
}
