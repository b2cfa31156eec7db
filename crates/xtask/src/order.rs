//! The order of the module's functions. It means nothing to whoever runs the module, but much to gzip, which
//! finds a repetition only within the last 32 kB: functions that look alike are put next to each other.

use anyhow::{Context, Result, ensure};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::mem::take;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, FunctionSection};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

/// So many bytes in common are a repetition.
const PIECE: usize = 6;
/// Pieces that more functions have are found anyway, wherever those functions stand.
const COMMON: usize = 60;
/// How much code before a function counts, in bytes: what gzip remembers, less a function's length.
const WINDOW: usize = 28_000;

/// The same module with its functions in an order that compresses well.
pub(crate) fn ordered(module: &[u8]) -> Result<Vec<u8>> {
    let (imported, bodies) = functions(module)?;
    let order = order(&bodies);
    ensure!(order.len() == bodies.len(), "a function got lost");
    let mut places = vec![0; order.len()];
    for (place, function) in order.iter().enumerate() {
        places[*function] = u32::try_from(place)?;
    }
    let mut encoded = wasm_encoder::Module::new();
    Reordered { imported, order, places }
        .parse_core_module(&mut encoded, Parser::new(0), module)
        .context("cannot write the module anew")?;
    Ok(encoded.finish())
}

/// How many functions a module imports, and the code of its own.
fn functions(module: &[u8]) -> Result<(u32, Vec<&[u8]>)> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("the module is not valid WebAssembly")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

/// Which function comes when: after each the one of which most is found in those just before it, in
/// proportion to its length.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let (pieces, owners) = pieces(bodies);
    // How often each piece lies in the window, and how many of a function's pieces do.
    let mut present = vec![0_u32; owners.len()];
    let mut found = vec![0_u64; bodies.len()];
    let (mut window, mut length) = (VecDeque::new(), 0);
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut order = Vec::new();
    let better = |found: &[u64], a: usize, b: usize| {
        let weight = |function: usize| bodies[function].len() as u64 + 20;
        found[a] * weight(b) > found[b] * weight(a)
    };
    while let Some(first) = left.first() {
        let (mut at, mut next) = (0, *first);
        for (place, candidate) in left.iter().enumerate() {
            if better(&found, *candidate, next) {
                (at, next) = (place, *candidate);
            }
        }
        left.remove(at);
        order.push(next);
        window.push_back(next);
        length += bodies[next].len();
        for piece in &pieces[next] {
            present[*piece] += 1;
            if present[*piece] == 1 {
                owners[*piece].iter().for_each(|owner| found[*owner] += 1);
            }
        }
        while length > WINDOW && window.len() > 1 {
            let Some(gone) = window.pop_front() else { break };
            length -= bodies[gone].len();
            for piece in &pieces[gone] {
                present[*piece] -= 1;
                if present[*piece] == 0 {
                    owners[*piece].iter().for_each(|owner| found[*owner] -= 1);
                }
            }
        }
    }
    order
}

/// The pieces that some functions share: which each function has, and which functions have each.
fn pieces(bodies: &[&[u8]]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let mut all: Vec<(&[u8], usize)> = Vec::new();
    for (function, body) in bodies.iter().enumerate() {
        all.extend(body.windows(PIECE).map(|piece| (piece, function)));
    }
    all.sort_unstable();
    all.dedup();
    let (mut of_function, mut owners) = (vec![Vec::new(); bodies.len()], Vec::new());
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        if (2..=COMMON).contains(&same.len()) {
            same.iter().for_each(|(_, function)| of_function[*function].push(owners.len()));
            owners.push(same.iter().map(|(_, function)| *function).collect());
        }
    }
    (of_function, owners)
}

/// Writes a module anew, with its functions in another order.
struct Reordered {
    imported: u32,
    /// The old number of each function, in the new order; imported ones are not counted.
    order: Vec<usize>,
    /// The new number of each function.
    places: Vec<u32>,
}

impl Reordered {
    /// Sorts what stands in a section once for each function.
    fn sorted<T>(&self, items: Vec<T>) -> impl Iterator<Item = T> {
        let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
        self.order.iter().filter_map(move |function| items.get_mut(*function).and_then(take))
    }
}

impl Reencode for Reordered {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        let own = function.checked_sub(self.imported).and_then(|own| self.places.get(own as usize));
        Ok(own.map_or(function, |place| place + self.imported))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.sorted(types).for_each(|kind| {
            functions.function(kind);
        });
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for body in self.sorted(bodies).collect::<Vec<_>>() {
            utils::parse_function_body(self, code, body)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder as w;

    /// Two kinds of functions in turn, alike but for the last byte.
    fn body(number: u8) -> Vec<u8> {
        let kind = if number.is_multiple_of(2) { 0..100 } else { 100..200 };
        kind.chain([number]).collect()
    }

    #[test]
    fn what_looks_alike_stands_together() {
        let bodies: Vec<Vec<u8>> = (0..8).map(body).collect();
        let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        assert_eq!(order(&bodies), [0, 2, 4, 6, 1, 3, 5, 7]);
    }

    /// A module whose functions each have a type and constants of their own, call the next function, and
    /// are exported under their number.
    fn module(count: u32) -> Vec<u8> {
        let (mut types, mut imports) = (w::TypeSection::new(), w::ImportSection::new());
        let (mut functions, mut exports, mut code) =
            (w::FunctionSection::new(), w::ExportSection::new(), w::CodeSection::new());
        types.ty().function([], []);
        imports.import("host", "function", w::EntityType::Function(0));
        for number in 0..count {
            types.ty().function(vec![w::ValType::I32; number as usize], []);
            functions.function(number + 1);
            exports.export(&number.to_string(), w::ExportKind::Func, number + 1);
            let mut function = w::Function::new([]);
            for step in 0..20 {
                let kind = i64::from(number % 2) * 1_000_000;
                function.instructions().i64_const(kind + step * 7919).drop();
            }
            function.instructions().i64_const(i64::from(number)).drop().call(0);
            // Parameters of the function called: as many as its number says.
            let called = (number + 1) % count;
            (0..called).for_each(|_| {
                function.instructions().i32_const(0);
            });
            function.instructions().call(called + 1).end();
            code.function(&function);
        }
        let mut module = w::Module::new();
        module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
        module.finish()
    }

    /// Per export: the function's type, and what it does with the numbers of functions undone.
    fn meaning(module: &[u8]) -> Vec<(String, u32, Vec<String>)> {
        let (mut types, mut bodies, mut exports) = (Vec::new(), Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::FunctionSection(section) => types.extend(section.into_iter().map(Result::unwrap)),
                Payload::ExportSection(section) => exports.extend(section.into_iter().map(Result::unwrap)),
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        let name = |index: u32| match exports.iter().find(|export| export.index == index) {
            Some(export) => export.name.to_owned(),
            None => format!("import {index}"),
        };
        let operators = |index: u32| {
            let operators = bodies[index as usize - 1].get_operators_reader().unwrap();
            operators.into_iter().map(|operator| match operator.unwrap() {
                wasmparser::Operator::Call { function_index } => format!("call {}", name(function_index)),
                other => format!("{other:?}"),
            })
        };
        exports
            .iter()
            .map(|export| {
                let own = export.index;
                (export.name.to_owned(), types[own as usize - 1], operators(own).collect())
            })
            .collect()
    }

    #[test]
    fn every_function_stays_the_same() {
        let before = module(9);
        let after = ordered(&before).unwrap();
        assert_ne!(after, before);
        assert_eq!(meaning(&after), meaning(&before));
    }
}
