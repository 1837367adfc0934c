//! The site directory that `airlift init` lays out: every setting explained, and the commands that fetch the rest.

use super::values::SiteName;

/// Path and text of each file, in order.
pub fn template(name: &SiteName) -> Vec<(&'static str, String)> {
    [
        (".gitignore", include_str!("template/gitignore")),
        ("README.txt", include_str!("template/README.txt")),
        ("hosts.yaml", include_str!("template/hosts.yaml")),
        ("site.yaml", include_str!("template/site.yaml")),
        ("collect.sh", include_str!("../../../templates/collect.sh")),
    ]
    .into_iter()
    .map(|(path, text)| (path, text.replace("__SITE__", name.as_str())))
    .collect()
}
