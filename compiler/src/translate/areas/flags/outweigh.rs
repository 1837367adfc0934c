//! A custom flag against MKE's own setting of the same meaning.

use super::list::{Component, given};
use crate::diag::{Finding, codes::translate as code};
use crate::translate::Ctx;

/// Whether a custom flag says what this key would. Then the key has got its fate.
pub(in crate::translate::areas) fn outweighed(
    ctx: &mut Ctx<'_>,
    key: &str,
    component: Component,
    flag: &str,
) -> bool {
    let Some(value) = given(ctx.mke3, component, flag) else { return false };
    if !ctx.mke3.is_default(key) {
        let element = value.origin.sources().next().and_then(|source| ctx.mke3_place(&source.path));
        let mut finding = Finding::new(
            code::FLAG_OVERRIDES,
            format!("the flag `--{flag}` outweighs `{key}`, as it did in MKE 3"),
        )
        .at_opt(ctx.mke3_place(key));
        if let Some(place) = element {
            finding = finding.also(place, "this one holds");
        }
        ctx.findings.push(finding);
    }
    ctx.idle(&[key], "a custom flag outweighs it");
    true
}
