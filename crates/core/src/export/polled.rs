//! What a source that polls knows besides the object.
//!
//! Our models also read what a webhook's Event tells, and what the caller does. Adobe's managed Stripe
//! source has neither: it asks for objects on a schedule. Each such path becomes what is known once and
//! for all, or null:
//!
//! | Path | Becomes |
//! | --- | --- |
//! | `_envelope.account`, `_envelope.apiVersion` | the setting's value |
//! | `_envelope.livemode` | the setting's value; most objects say it themselves, which wins |
//! | `_envelope.fact` | `true`: an object that is read, not told, stands for its fact |
//! | `_envelope.updatedAt`, `_envelope.version` | the moment of mapping, `timestamp()`: the closest there is to when the object was read |
//! | `_envelope.observedAt` | null: nothing is clamped to it |
//! | `_envelope.created`, `.eventID`, `.eventType`, `.requestID` | null: only an Event tells them |
//! | `_settings.*` | the setting's value |
//!
//! References (`customer`, `payment_intent`, …) are ids, because nothing is expanded: what lies below
//! one is null.

use super::simplify::{null, truth};
use crate::models::{CONTEXT, Model};
use crate::settings::Settings;
use dataprep::SourceType;
use dataprep::expr::{self, BinaryOp, Expr, ExprKind, Path, Segment};
use std::collections::BTreeSet;

/// What stands for the context paths, and which places are references.
#[derive(Debug)]
pub(super) struct Polled<'s> {
    settings: &'s Settings,
    references: Vec<Path>,
}

/// An expression of the object alone, and what it has lost.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) expression: Expr,
    /// Context paths that nobody knows here, each with the reason.
    pub(super) unknown: BTreeSet<String>,
    /// Switches of the settings that are off.
    pub(super) off: BTreeSet<String>,
    /// References whose members were read.
    pub(super) unexpanded: BTreeSet<String>,
}

impl<'s> Polled<'s> {
    /// The references of a model are what `stripe_id` is asked for.
    pub(super) fn new(model: &Model, settings: &'s Settings) -> Self {
        let mut references = Vec::new();
        for mapping in &model.mapping_set.mappings {
            if mapping.source_type == SourceType::Expression
                && let Ok(expression) = expr::parse(&mapping.source)
            {
                let _ = expression.rewrite(&mut |part| {
                    if let ExprKind::Call(name, arguments) = &part.kind
                        && name == "stripe_id"
                    {
                        arguments.iter().for_each(|argument| alternatives(argument, &mut references));
                    }
                    part
                });
            }
        }
        Self { settings, references }
    }

    /// Puts what is known in the place of the context.
    pub(super) fn apply(&self, expression: Expr) -> Known {
        let parameters = parameters(&expression);
        let (mut unknown, mut off, mut unexpanded) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let expression = expression.rewrite(&mut |part| {
            let ExprKind::Path(path) = &part.kind else { return part };
            if matches!(path.segments.first(), Some(Segment::Name(root)) if parameters.contains(root)) {
                return part;
            }
            let text = path.to_string();
            if CONTEXT.contains(&text.as_str()) {
                let value = self.context(&text);
                match value.kind {
                    ExprKind::Null => unknown.insert(format!("{text} is not known: {}", why_unknown(&text))),
                    ExprKind::Bool(false) if text.starts_with("_settings.") => off.insert(text),
                    _ => false,
                };
                return value;
            }
            let below = |reference: &&Path| {
                path.starts_with(reference) && path.segments.len() > reference.segments.len()
            };
            match self.references.iter().find(below) {
                Some(reference) => {
                    unexpanded.insert(reference.to_string());
                    null()
                }
                None => part,
            }
        });
        Known { expression, unknown, off, unexpanded }
    }

    /// What a context path becomes.
    fn context(&self, path: &str) -> Expr {
        let settings = self.settings;
        let text = |value: &Option<String>| value.as_ref().map_or_else(null, Expr::string);
        match path {
            "_envelope.account" => text(&settings.account),
            "_envelope.apiVersion" => text(&settings.api_version),
            "_envelope.livemode" => settings.livemode.map_or_else(null, truth),
            "_envelope.fact" => truth(true),
            "_envelope.updatedAt" => mapping_time(),
            "_envelope.version" => Expr::call("timestamp", Vec::new()),
            "_settings.purchaseMeasure" => truth(settings.purchase_measure),
            "_settings.emailIdentity" => truth(settings.email_identity),
            _ => null(),
        }
    }
}

/// What it takes to know a context path.
fn why_unknown(path: &str) -> &'static str {
    match path {
        "_envelope.apiVersion" => "set `api_version` to state it",
        "_envelope.livemode" => "set `livemode` for objects that do not say it",
        "_envelope.observedAt" => "a mapping is not told when the object was read",
        _ => "only a webhook's Event tells it",
    }
}

/// The moment of mapping in epoch seconds. Adobe's function gives milliseconds.
fn mapping_time() -> Expr {
    let thousand = ExprKind::Number("1000".to_owned());
    ExprKind::Binary(BinaryOp::Div, Box::new(Expr::call("timestamp", Vec::new())), Box::new(thousand.into()))
        .into()
}

/// The places that an argument of `stripe_id` may stand for.
fn alternatives(argument: &Expr, found: &mut Vec<Path>) {
    match &argument.kind {
        ExprKind::Path(path) => found.push(path.clone()),
        ExprKind::Call(name, choices) if name == "coalesce" => {
            choices.iter().for_each(|choice| alternatives(choice, found));
        }
        _ => {}
    }
}

/// Names of the parameters of all lambdas in an expression.
fn parameters(expression: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    let _ = expression.clone().rewrite(&mut |part| {
        if let ExprKind::Lambda(names, _) = &part.kind {
            found.extend_from_slice(names);
        }
        part
    });
    found
}
