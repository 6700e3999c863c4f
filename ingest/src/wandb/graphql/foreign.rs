//! What belongs to other products: refused by name, where the validator would only tell of fields.

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Fields of the client's documents, and what they are part of (protocol 14).
const FIELDS: [(&str, &str); 43] = [
    ("createCustomChart", "presets of custom charts"),
    ("createDefaultResourceConfig", "launch queues"),
    ("upsertDefaultResourceConfig", "launch queues"),
    ("defaultResourceConfig", "launch queues"),
    ("createRunQueue", "launch queues"),
    ("upsertRunQueue", "launch queues"),
    ("deleteRunQueues", "launch queues"),
    ("deleteFromRunQueue", "launch queues"),
    ("runQueue", "launch queues"),
    ("runQueues", "launch queues"),
    ("pushToRunQueue", "launch queues"),
    ("pushToRunQueueByName", "launch queues"),
    ("popFromRunQueue", "launch queues"),
    ("ackRunQueueItem", "launch queues"),
    ("failRunQueueItem", "launch queues"),
    ("updateRunQueueItemWarning", "launch queues"),
    ("createLaunchAgent", "launch agents"),
    ("updateLaunchAgent", "launch agents"),
    ("launchAgent", "launch agents"),
    ("sweep", "sweeps"),
    ("sweeps", "sweeps"),
    ("upsertSweep", "sweeps"),
    ("createAgent", "agents of sweeps"),
    ("agentHeartbeat", "agents of sweeps"),
    ("nextRunId", "agents of sweeps"),
    ("triggers", "automations"),
    ("createFilterTrigger", "automations"),
    ("updateFilterTrigger", "automations"),
    ("deleteTrigger", "automations"),
    ("integrations", "integrations with other services"),
    ("createGenericWebhookIntegration", "integrations with other services"),
    ("orgEntity", "organizations"),
    ("upsertView", "reports"),
    ("linkArtifact", "portfolios of artifacts"),
    ("unlinkArtifact", "portfolios of artifacts"),
    ("updateArtifactPortfolio", "portfolios of artifacts"),
    ("deleteArtifactPortfolio", "portfolios of artifacts"),
    ("deleteArtifact", "deletions of artifacts"),
    ("deleteArtifactSequence", "deletions of artifacts"),
    ("updateArtifactSequence", "changes of collections of artifacts"),
    ("moveArtifactSequence", "changes of collections of artifacts"),
    ("createArtifactCollectionTagAssignments", "tags of collections of artifacts"),
    ("deleteArtifactCollectionTagAssignments", "tags of collections of artifacts"),
];

/// What a document asks for that this server is not; none for all others. The parser bounds the nesting.
pub(super) fn named_in(document: &ExecutableDocument) -> Option<String> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let (field, product) = operations.chain(fragments).find_map(of)?;
    Some(format!("{product} are not part of this server (`{field}`)"))
}

fn of(selection: &SelectionSet) -> Option<&'static (&'static str, &'static str)> {
    selection.items.iter().find_map(|item| match &item.node {
        Selection::Field(field) => {
            let name = field.node.name.node.as_str();
            FIELDS.iter().find(|(known, _)| *known == name).or_else(|| of(&field.node.selection_set.node))
        }
        Selection::InlineFragment(fragment) => of(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => None,
    })
}
