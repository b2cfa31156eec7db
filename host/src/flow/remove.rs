//! Taking away what was made: flows before what they are joined of, the connection last.

use super::names::{self, tag_of};
use crate::platform::{FlowItem, FlowKind, Platform, PlatformError};

/// What is to go, in the order in which it can.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Each thing and its kind.
    pub items: Vec<(FlowKind, FlowItem)>,
}

/// The order: what uses before what is used.
const ORDER: [FlowKind; 4] = [FlowKind::Flow, FlowKind::Source, FlowKind::Target, FlowKind::Connection];

/// Finds what there is of some models' flows; of everything with the tag when no models are given, the connection
/// included.
pub async fn to_remove(
    platform: &Platform,
    tag: &str,
    models: Option<&[String]>,
) -> Result<Removal, PlatformError> {
    let mut removal = Removal::default();
    for kind in ORDER {
        let found = match models {
            None => {
                let mut all = platform.flow_items(kind, &[]).await?;
                all.retain(|item| tag_of(item.name()) == Some(tag));
                all
            }
            Some(_) if kind == FlowKind::Connection => Vec::new(),
            Some(models) => {
                let mut all = Vec::new();
                for model in models {
                    all.extend(platform.flow_items_named(kind, &names::flow(model, tag)).await?);
                }
                all
            }
        };
        removal.items.extend(found.into_iter().map(|item| (kind, item)));
    }
    Ok(removal)
}

impl Removal {
    /// A flow by its id, with its own ends where they were made here.
    pub async fn of_flow(platform: &Platform, id: &str) -> Result<Option<Self>, PlatformError> {
        let Some(flow) = platform.flow_item(FlowKind::Flow, id).await? else { return Ok(None) };
        let mut items = Vec::new();
        for (kind, at) in
            [(FlowKind::Source, "/sourceConnectionIds/0"), (FlowKind::Target, "/targetConnectionIds/0")]
        {
            let end = platform.flow_item(kind, flow.text(at)).await?;
            items.extend(end.filter(|end| tag_of(end.name()).is_some()).map(|end| (kind, end)));
        }
        items.insert(0, (FlowKind::Flow, flow));
        Ok(Some(Self { items }))
    }

    /// How many of a kind.
    pub fn count(&self, kind: FlowKind) -> usize {
        self.items.iter().filter(|(known, _)| *known == kind).count()
    }
}

/// Deletes, one after the other; `said` is told before each. Gives how many went, and the error that ended it. What
/// somebody else has deleted meanwhile counts as gone, so it can be repeated.
pub async fn remove(
    platform: &Platform,
    removal: &Removal,
    said: &(dyn Fn(&str) + Sync),
) -> (usize, Option<PlatformError>) {
    for (done, (kind, item)) in removal.items.iter().enumerate() {
        said(&format!("- {} {}", kind.word(), item.name()));
        if let Err(error) = platform.delete_flow_item(*kind, &item.id).await {
            return (done, Some(error));
        }
    }
    (removal.items.len(), None)
}
