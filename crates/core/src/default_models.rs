//! The default models, out of the form that `build.rs` packs the files in `models/` into.

use crate::implied::{MARK, implied};
use crate::models::Model;
use crate::settings::OpenError;
use dataprep::{Mapping, SourceType, XdmType};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// Of each model a line of JSON, its mappings a line each, and an empty line.
const PACKED: &str = include_str!(concat!(env!("OUT_DIR"), "/models"));

/// The default models in the order of their datasets' indexes, every placeholder still in place.
pub(crate) fn defaults() -> Result<Vec<Model>, OpenError> {
    let (mut models, mut problems) = (Vec::new(), Vec::new());
    for text in PACKED.split_terminator("\n\n") {
        match unpack(text) {
            Ok(model) => models.push(model),
            Err(error) => problems.push(format!("a default model cannot be read: {error}")),
        }
    }
    if problems.is_empty() { Ok(models) } else { Err(OpenError { problems }) }
}

fn unpack(text: &str) -> Result<Model, String> {
    let mut lines = text.lines();
    let frame = lines.next().unwrap_or_default();
    let mut model: Model = serde_json::from_str(frame).map_err(|error| error.to_string())?;
    for line in lines {
        model.mapping_set.mappings.push(mapping(line).ok_or_else(|| line.to_owned())?);
    }
    Ok(model)
}

/// `Estring I1,I2`, source and destination, with tabs between.
fn mapping(line: &str) -> Option<Mapping> {
    let (head, rest) = line.split_once('\t')?;
    let (source, destination) = rest.split_once('\t')?;
    let (kind, head) = head.split_at_checked(1)?;
    let (xdm_type, labels) = head.split_once(' ')?;
    let source_type = match kind {
        "A" => SourceType::Attribute,
        "E" => SourceType::Expression,
        _ => SourceType::Static,
    };
    let xdm_type: StrDeserializer<'_, Error> = xdm_type.into_deserializer();
    Some(Mapping {
        xdm_type: Some(XdmType::deserialize(xdm_type).ok()?),
        labels: labels.split_terminator(',').map(str::to_owned).collect(),
        ..Mapping::new(source_type, source, whole(destination, source))
    })
}

/// A destination as it is written, with what stands for its beginning and its end put in.
fn whole(destination: &str, source: &str) -> String {
    let destination = destination.replace('~', "_{TENANT_ID}.stripe.");
    match destination.strip_suffix(MARK) {
        Some(before) => format!("{before}{}", implied(source)),
        None => destination,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_file_is_packed_and_comes_out_as_it_is_written() {
        let written = |model: &Model| serde_json::to_string(model).unwrap();
        let mut files = BTreeSet::new();
        for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/models")).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            files.insert(written(&serde_json::from_str(&text).unwrap()));
        }
        let unpacked: BTreeSet<String> = defaults().unwrap().iter().map(written).collect();
        assert_eq!(unpacked.len(), files.len());
        assert!(unpacked == files, "a model differs from its file");
    }

    #[test]
    fn a_line_that_is_not_a_mapping_is_refused() {
        assert!(mapping("Astring \tid\t_id").is_some());
        for line in ["", "Astring id", "Astring\tid\t_id", "Atext \tid\t_id", "é"] {
            assert!(mapping(line).is_none(), "{line}");
        }
    }
}
