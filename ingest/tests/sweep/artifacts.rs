//! How the fields about artifacts are asked: on artifacts of the team's, one for each who asks.

use serde_json::{Value, json};

use super::{House, SECRET};
use crate::support::md5;

/// What a field is asked; none if it is not about artifacts.
pub(super) fn selection(house: &House, field: &str, name: &str) -> Option<String> {
    let pending = || begin(house, name, name);
    let shown = "artifact { id description }";
    Some(match field {
        "artifact" => format!("(id: {}) {{ description }}", whole(house, name)),
        "artifactCollection" => {
            format!("(id: {}) {{ name artifacts {{ edges {{ node {{ description }} }} }} }}", {
                collection(house, &whole(house, name))
            })
        }
        "clientIDMapping" => {
            whole(house, name);
            format!("(clientID: \"client {name}\") {{ serverID }}")
        }
        "createArtifact" => {
            begin(house, name, name);
            // The same again: whoever may be told sees what it is.
            format!("(input: {}) {{ {shown} }}", created(name, name))
        }
        "createArtifactManifest" => format!(
            "(input: {{ artifactID: {}, name: \"wandb_manifest.json\", digest: \"\", entityName: \"team\", projectName: \"p\", runName: \"r\", type: FULL }}) {{ artifactManifest {{ id }} }}",
            pending()
        ),
        "updateArtifactManifest" => {
            format!(
                "(input: {{ artifactManifestID: {}, digest: \"{}\" }}) {{ artifactManifest {{ id }} }}",
                manifest(house, &pending())["id"],
                md5(b"{}")
            )
        }
        "createArtifactFiles" => format!(
            "(input: {{ artifactFiles: [{{ artifactID: {}, name: \"f\", md5: \"{}\" }}], storageLayout: V2 }}) {{ files {{ edges {{ node {{ name uploadUrl }} }} }} }}",
            pending(),
            md5(b"f")
        ),
        "completeMultipartUploadArtifact" => format!(
            "(input: {{ completeMultipartAction: Complete, completedParts: [], artifactID: {}, storagePath: \"x\", uploadID: \"x\" }}) {{ digest }}",
            pending()
        ),
        "commitArtifact" => format!("(input: {{ artifactID: {} }}) {{ {shown} }}", listed(house, name)),
        "useArtifact" => format!(
            "(input: {{ artifactID: {}, entityName: \"team\", projectName: \"p\", runName: \"r\" }}) {{ {shown} }}",
            whole(house, name)
        ),
        "addAliases" | "deleteAliases" => format!(
            "(input: {{ artifactID: {}, aliases: [{{ alias: \"best\", artifactCollectionName: \"{name}\", entityName: \"team\", projectName: \"p\" }}] }}) {{ success }}",
            whole(house, name)
        ),
        "updateArtifact" => {
            format!(
                "(input: {{ artifactID: {}, tagsToAdd: [{{ tagName: \"t\" }}] }}) {{ {shown} }}",
                whole(house, name)
            )
        }
        _ => return None,
    })
}

fn created(name: &str, digest: &str) -> String {
    format!(
        "{{ artifactTypeName: \"dataset\", artifactCollectionName: \"{name}\", entityName: \"team\", projectName: \"p\", runName: \"r\", digest: \"{digest}\", clientID: \"client {name}\", description: \"{SECRET}\" }}"
    )
}

/// An artifact that is not whole yet; gives its id, as JSON.
fn begin(house: &House, name: &str, digest: &str) -> String {
    let create =
        format!("mutation {{ createArtifact(input: {}) {{ artifact {{ id }} }} }}", created(name, digest));
    house.server.graphql(&create, &Value::Null)["createArtifact"]["artifact"]["id"].to_string()
}

fn manifest(house: &House, id: &str) -> Value {
    let make = format!(
        "mutation {{ createArtifactManifest(input: {{ artifactID: {id}, name: \"wandb_manifest.json\", digest: \"{}\", entityName: \"team\", projectName: \"p\", runName: \"r\", type: FULL }}) {{ artifactManifest {{ id file {{ uploadUrl }} }} }} }}",
        md5(list().as_bytes())
    );
    house.server.graphql(&make, &Value::Null)["createArtifactManifest"]["artifactManifest"].clone()
}

fn list() -> String {
    json!({ "version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {}, "contents": {} })
        .to_string()
}

/// An artifact whose list of files is here.
fn listed(house: &House, name: &str) -> String {
    let id = begin(house, name, name);
    let url = manifest(house, &id)["file"]["uploadUrl"].clone();
    assert_eq!(house.server.send("PUT", url.as_str().unwrap(), &[], list().as_bytes()).status, 200);
    id
}

/// A version.
fn whole(house: &House, name: &str) -> String {
    let id = listed(house, name);
    let commit =
        format!("mutation {{ commitArtifact(input: {{ artifactID: {id} }}) {{ artifact {{ id }} }} }}");
    house.server.graphql(&commit, &Value::Null);
    id
}

fn collection(house: &House, id: &str) -> String {
    let ask = format!("{{ artifact(id: {id}) {{ artifactSequence {{ id }} }} }}");
    house.server.graphql(&ask, &Value::Null)["artifact"]["artifactSequence"]["id"].to_string()
}
