//! What an operator finds on the nodes.

use super::fixture::documents;
use airlift::contract;

fn all(id: &str) -> String {
    let docs = documents(contract::by_id(id).unwrap(), 3, 3);
    let mut text = format!("==> k0sctl.yaml\n{}", docs.k0sctl.render().unwrap());
    for node in &docs.nodes {
        for file in docs.files(node) {
            let (name, path, mode, owner) = (&node.name.value, &file.path, file.mode, file.owner);
            text +=
                &format!("==> nodes/{name}{path} {owner} {mode:04o}\n{}", file.document.render().unwrap());
        }
    }
    text
}

#[test]
fn documents_of_a_site_with_three_managers_for_v4_1_5() {
    insta::assert_snapshot!(all("v4.1.5"));
}

#[test]
fn documents_of_a_site_with_three_managers_for_v4_0_0() {
    insta::assert_snapshot!(all("v4.0.0"));
}
