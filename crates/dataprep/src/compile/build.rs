//! From parsed mappings to operations that run: paths and expressions resolved, types settled.

use crate::compile::draft::Draft;
use crate::compile::nulls::may_nullify;
use crate::compile::parsed::{Parsed, ParsedSource};
use crate::compile::resolve::{Functions, Resolver};
use crate::compile::takes;
use crate::expr::Segment;
use crate::expression::{ExpressionError, describe};
use crate::plan::Problem;
use crate::run::emit::{Op, OpKind};
use crate::run::eval::Code;
use crate::run::source::{ScopeId, SourceTree, iterations};
use crate::run::write;
use crate::sets::mapping_set::{Mapping, MappingSet, SourceType, XdmType};
use crate::sets::schema::{Node, Schema, Shape};
use crate::values::value::Value;
use std::sync::Arc;

/// A plan in the making.
pub(crate) struct Builder<'c> {
    pub(crate) tree: SourceTree,
    pub(crate) ops: Vec<Op>,
    pub(crate) root: Draft,
    pub(crate) context: Vec<String>,
    pub(crate) conditions: Vec<String>,
    pub(crate) schema: Option<&'c Schema>,
    /// The set's `allowNullValues`.
    pub(crate) nulls: bool,
    pub(crate) functions: &'c Functions,
    pub(crate) set: &'c MappingSet,
    pub(crate) problems: Vec<Problem>,
}

/// What is known of a destination's type.
#[derive(Default)]
pub(crate) struct Wanted {
    /// The type, when it is one that mappings can name.
    pub(crate) xdm_type: Option<XdmType>,
    /// Of objects, maps and arrays: what they hold.
    pub(crate) shape: Option<Arc<Node>>,
}

impl Wanted {
    /// Whether nothing is known.
    fn is_unknown(&self) -> bool {
        self.xdm_type.is_none() && self.shape.is_none()
    }
}

impl Builder<'_> {
    /// Notes what is wrong with a mapping, in the order of the mappings.
    pub(crate) fn problem(&mut self, index: usize, message: String) {
        let mapping = self.set.mappings.get(index);
        let place = self.problems.partition_point(|known| known.mapping <= index);
        let problem = Problem {
            mapping: index,
            source_text: mapping.map_or_else(String::new, |mapping| mapping.source.clone()),
            destination: mapping.map_or_else(String::new, |mapping| mapping.destination.clone()),
            message,
        };
        self.problems.insert(place, problem);
    }

    /// Adds a mapping, or notes all that is wrong with it.
    pub(crate) fn mapping(&mut self, parsed: Parsed) {
        let index = parsed.index;
        let Some(mapping) = self.set.mappings.get(index) else { return };
        let wanted = self.wanted(&parsed, mapping).unwrap_or_else(|message| {
            self.problem(index, message);
            Wanted::default()
        });
        let messages = self.operation(parsed, mapping, wanted).err().unwrap_or_default();
        messages.into_iter().for_each(|message| self.problem(index, message));
    }

    /// The destination's type: the mapping's own or the schema's.
    fn wanted(&self, parsed: &Parsed, mapping: &Mapping) -> Result<Wanted, String> {
        let node = self.schema.map(|schema| schema.find(&parsed.destination)).transpose()?.cloned();
        let (xdm_type, node) = match (mapping.xdm_type, node) {
            (Some(own), _) => (Some(own), Some(Arc::new(Node::of_type(own)))),
            (None, Some(node)) => (node.shape.xdm_type(), Some(node)),
            (None, None) => (None, None),
        };
        let shape = node.filter(|node| !matches!(node.shape, Shape::Any | Shape::Scalar(_)));
        Ok(Wanted { xdm_type, shape })
    }

    fn operation(&mut self, parsed: Parsed, mapping: &Mapping, wanted: Wanted) -> Result<(), Vec<String>> {
        let one = |message: String| vec![message];
        let destination = &parsed.destination.segments;
        let bound = iterations(&parsed.destination);
        let mut scopes = Vec::new();
        let kind = match (&parsed.source, mapping.source_type) {
            (ParsedSource::Static, _) | (_, SourceType::Static) => {
                OpKind::Const(literal(&mapping.source, &wanted).map_err(one)?)
            }
            (ParsedSource::Attribute(path), _) if path.segments.last() == Some(&Segment::Rest) => {
                if destination.last() != Some(&Segment::Rest) {
                    return Err(
                        one("{**} in the source needs {**} at the end of the destination".to_owned()),
                    );
                }
                if wanted.xdm_type != Some(XdmType::MapOfStrings) && !wanted.is_unknown() {
                    return Err(one(
                        "{**} gives a map of texts, but the destination is something else".to_owned()
                    ));
                }
                OpKind::Rest(self.tree.rest(&path.segments))
            }
            (ParsedSource::Attribute(path), _) => {
                let (code, found) = self.resolve(bound, |resolver| resolver.path(path).map_err(one))?;
                scopes = found;
                match code {
                    Code::Slot(slot) => OpKind::Copy(slot),
                    code => self.eval(code),
                }
            }
            (ParsedSource::Expression(expression), _) => {
                let (code, found) = self.resolve(bound, |resolver| {
                    let each =
                        |error: &ExpressionError| describe(std::slice::from_ref(error), &mapping.source);
                    resolver.whole(expression).map_err(|errors| errors.iter().map(each).collect())
                })?;
                scopes = found;
                self.eval(code)
            }
        };
        if let OpKind::Eval { code, .. } = &kind {
            takes::check(code, &wanted).map_err(one)?;
        }
        let nullified = matches!(&kind, OpKind::Eval { code, .. } if may_nullify(code));
        let by_shape = wanted.xdm_type.is_none() && wanted.shape.is_some();
        let special = !matches!(kind, OpKind::Rest(_)) && (by_shape || self.nulls || nullified);
        let op = self.ops.len() as u32;
        self.ops.push(Op {
            mapping: parsed.index,
            kind,
            wanted: wanted.xdm_type,
            shape: wanted.shape,
            skip: if self.schema.is_some() { Default::default() } else { parsed.skip },
            nulls: self.nulls,
            null_results: self.nulls && mapping.source_type == SourceType::Expression,
            special,
        });
        self.root.place(destination, &scopes, op).map_err(one)
    }

    fn resolve(
        &mut self,
        bound: usize,
        resolve: impl FnOnce(&mut Resolver<'_>) -> Result<Code, Vec<String>>,
    ) -> Result<(Code, Vec<ScopeId>), Vec<String>> {
        let mut resolver = Resolver {
            tree: &mut self.tree,
            context: &self.context,
            functions: self.functions,
            bound,
            scopes: Vec::new(),
            locals: Vec::new(),
            conditions: &mut self.conditions,
            problems: Vec::new(),
        };
        let code = resolve(&mut resolver)?;
        Ok((code, resolver.scopes))
    }

    fn eval(&self, code: Code) -> OpKind {
        let skippable = !self.nulls && code.null_when_absent() && !may_nullify(&code);
        OpKind::Eval { code, skippable }
    }
}

/// A constant's JSON text.
fn literal(source: &str, wanted: &Wanted) -> Result<Vec<u8>, String> {
    if let Some(node) = &wanted.shape {
        return Err(format!("the destination is {}, but a constant is text", node.shape.kind_name()));
    }
    let mut json = Vec::new();
    let value = Value::string(source);
    match write::value(&value, wanted.xdm_type.or(Some(XdmType::String)), &mut json)? {
        true => Ok(json),
        false => Err("an empty constant would yield no field".to_owned()),
    }
}
