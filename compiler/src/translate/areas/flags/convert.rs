//! From a list of flags to `extraArgs`, or to the field that owns a flag.

use super::known::{self, Verdict};
use super::list::{Component, Flag, flags, split};
use super::owned::{Hold, Own, Owned, heeded_by_proxy, owned};
use super::values::{Kind, parts, switch, typed};
use crate::diag::{Code, Finding, codes::translate as code};
use crate::mke3::SecretSlot;
use crate::origin::{Origin, Tracked};
use crate::translate::decision::lines;
use crate::translate::{Choice, Ctx, Fate, Question};

/// Where a flag goes that does not simply become an argument.
enum Route {
    /// A field of mke4.yaml below `spec`.
    Field(&'static str, Kind),
    /// The two fields with what is reserved on managers and on workers.
    Reserved,
    /// MKE 4k fixes what it says.
    Fixed(&'static str),
}

/// The flags that don't become arguments (mapping dossier, section 7).
fn route(component: Component, name: &str) -> Option<Route> {
    use Component::{ApiServer, ControllerManager, Kubelet, Proxy, Scheduler};
    Some(match (component, name) {
        (ApiServer, "request-timeout") => Route::Field("apiServer.requestTimeout", Kind::Text),
        (ApiServer, "audit-log-maxage") => Route::Field("apiServer.audit.maxAge", Kind::Int),
        (ApiServer, "audit-log-maxbackup") => Route::Field("apiServer.audit.maxBackup", Kind::Int),
        (ApiServer, "audit-log-maxsize") => Route::Field("apiServer.audit.maxSize", Kind::Int),
        (ApiServer, "audit-webhook-config-file") => {
            Route::Field("apiServer.audit.webhookConfigPath", Kind::Text)
        }
        (ApiServer, "encryption-provider-config") => Route::Field("apiServer.encryptionProvider", Kind::Text),
        (ApiServer, "service-node-port-range") => Route::Field("network.nodePortRange", Kind::PortRange),
        (ApiServer, "audit-log-path") => Route::Fixed("MKE 4k fixes the path of the audit log"),
        (ApiServer, "audit-policy-file") => Route::Fixed(
            "MKE 4k fixes the path of the audit policy; its text belongs into the custom audit policy",
        ),
        (ControllerManager, "terminated-pod-gc-threshold") => {
            Route::Field("controllerManager.terminatedPodGCThreshold", Kind::Int)
        }
        (Scheduler, "profiling") => Route::Field("scheduler.profilingEnabled", Kind::Bool),
        (Kubelet, "max-pods") => Route::Field("kubelet.maxPods", Kind::Int),
        (Kubelet, "pods-per-core") => Route::Field("kubelet.podsPerCore", Kind::Int),
        (Kubelet, "event-qps") => Route::Field("kubelet.eventRecordQPS", Kind::Int),
        (Kubelet, "protect-kernel-defaults") => Route::Field("kubelet.protectKernelDefaults", Kind::Bool),
        (Kubelet, "seccomp-default") => Route::Field("kubelet.seccompDefault", Kind::Bool),
        (Kubelet, "kube-reserved") => Route::Reserved,
        (Kubelet, "pod-max-pids") => Route::Field("kubelet.podPidsLimit", Kind::Int),
        (Kubelet, "root-dir") => Route::Field("kubelet.kubeletRootDir", Kind::Root),
        (Proxy, "proxy-mode") => Route::Fixed("`kube_proxy_mode` says how kube-proxy works"),
        _ => return None,
    })
}

/// Why a value can't reach the kubelet: MKE 4k hands its arguments on as one text with blanks between, in quotes and
/// through a shell (`document::install` refuses the same).
fn unfit_for_kubelet(value: &str) -> Option<String> {
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some(
            "the kubelet's arguments are handed on with blanks between them, so none may be inside"
                .to_owned(),
        );
    }
    let spoilt = value.chars().find(|c| "'\"\\$`".contains(*c))?;
    Some(format!(
        "the kubelet's arguments are handed on in quotes and through a shell, which would take `{spoilt}` for its own"
    ))
}

/// How to answer for the flags of a component, where `keep` helps and where not.
fn settle(component: Component, keep: bool) -> String {
    let choices = if keep { CHOICES } else { &CHOICES[..1] };
    lines("or put one of these lines under", component.key(), choices)
}

/// Flags whose values add up when they stand more than once, in one text with commas.
const ADDING: &[&str] = &[
    "allowed-unsafe-sysctls",
    "api-audiences",
    "authorization-mode",
    "cluster-dns",
    "controllers",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "enforce-node-allocatable",
    "eviction-hard",
    "eviction-minimum-reclaim",
    "eviction-soft",
    "eviction-soft-grace-period",
    "feature-gates",
    "kube-reserved",
    "node-labels",
    "register-with-taints",
    "runtime-config",
    "system-reserved",
    "tls-cipher-suites",
];

const CHOICES: &[Choice] = &[
    Choice {
        name: "drop",
        effect: "leave out each flag that this release of Kubernetes does not know, or that k0s or MKE 4k sets itself",
    },
    Choice {
        name: "keep",
        effect: "write them all the same, but for those that would break k0s; the component may not start with them",
    },
];

pub(super) fn convert(ctx: &mut Ctx<'_>) {
    for component in Component::ALL {
        let flags = flags(ctx.mke3, component);
        if flags.is_empty() {
            ctx.fate(component.key(), Fate::Default, "");
            continue;
        }
        let fate = List { ctx, component, answer: None, open: false, written: 0, left: 0 }.run(&flags);
        ctx.fate(component.key(), fate, "");
    }
}

struct List<'c, 'a> {
    ctx: &'c mut Ctx<'a>,
    component: Component,
    /// What to do with unknown names, once it was asked for.
    answer: Option<Tracked<&'static str>>,
    /// Something unknown is undecided.
    open: bool,
    /// How many values were written, and how many flags were left out.
    written: usize,
    left: usize,
}

impl List<'_, '_> {
    fn run(&mut self, flags: &[Flag]) -> Fate {
        let mut names: Vec<&str> = Vec::new();
        for flag in flags {
            if !names.contains(&flag.name.as_str()) {
                names.push(&flag.name);
            }
        }
        for name in names {
            let same: Vec<&Flag> = flags.iter().filter(|flag| flag.name == name).collect();
            if self.is_open(&same)
                && let Some(value) = self.value(&same)
            {
                self.place(&same, value);
            } else {
                self.left += 1;
            }
        }
        match (self.open, self.written) {
            (true, _) => Fate::DecisionNeeded,
            (false, 0) => Fate::Dropped,
            (false, _) if self.left > 0 => Fate::Split,
            (false, _) => Fate::Converted,
        }
    }

    /// The value of all flags of one name; `None` where nothing is to be written.
    fn value(&mut self, same: &[&Flag]) -> Option<Tracked<String>> {
        let (first, last) = (same.first()?, same.last()?);
        let verdict = self.component.known().look_up(&first.name, self.minor());
        let shown = format!("`--{}`", first.name);
        let mut why = Origin::default();
        for flag in same {
            match self.judge(&flag.path, &shown, verdict) {
                Some(origin) => why.join(&origin),
                None => return None,
            }
        }
        let adds = ADDING.contains(&first.name.as_str());
        self.twice(same, adds);
        let mut value = if adds {
            let mut all = same.iter().map(|flag| flag.tracked());
            let mut sum = all.next()?;
            for one in all {
                sum = sum.and(one).map(|(a, b)| format!("{a},{b}"));
            }
            sum
        } else {
            last.tracked()
        };
        match first.name.as_str() {
            "feature-gates" => value = self.gates(same, value)?,
            "enable-admission-plugins" | "disable-admission-plugins" => value = self.plugins(same, value)?,
            _ => {}
        }
        Some(value.because(&why))
    }

    /// Tells of a flag that stands more than once, and of what is named twice in a list whose values add up.
    fn twice(&mut self, same: &[&Flag], adds: bool) {
        let [first, .., last] = same else { return };
        let (component, n) = (self.component.name(), same.len());
        let (text, last_label, first_label) = if adds {
            (
                "their values add up, and of what is named twice the last holds",
                "this one adds to it",
                "the first",
            )
        } else {
            ("the last one holds", "this one holds", "this one is without effect")
        };
        let finding =
            Finding::new(code::FLAG_TWICE, format!("{component} gets `--{}` {n} times; {text}", first.name))
                .at_opt(self.ctx.mke3_place(&last.path))
                .label(last_label);
        let finding = match self.ctx.mke3_place(&first.path) {
            Some(place) => finding.also(place, first_label),
            None => finding,
        };
        self.ctx.findings.push(finding);
    }

    /// Whether the values may be shown. One with a secret may not: mke4.yaml, k0s.yaml, units and process lists all
    /// stand in the open, so there is no place for it.
    fn is_open(&mut self, same: &[&Flag]) -> bool {
        let Some(flag) = same.iter().find(|flag| SecretSlot::stands_in(&flag.value)) else { return true };
        let (name, component) = (&flag.name, self.component.name());
        let place = self.ctx.mke3_place(&flag.path);
        if let Some(answer) = self.answer()
            && answer.value == "drop"
        {
            let text =
                format!("`--{name}` of {component} is left out, as decided: its value looks like a secret");
            self.ctx.findings.push(Finding::new(code::FLAG_DECIDED, text).at_opt(place));
            return false;
        }
        let finding = Finding::new(
            code::FLAG_SECRET,
            format!("the value of `--{name}` of {component} looks like a secret, and a flag can't hold one"),
        )
        .at_opt(place)
        .note("flags stand in the open in mke4.yaml, in k0s.yaml and in the list of processes");
        self.ctx.findings.push(finding.help(format!(
            "put the secret into a file on each node and name the file in a flag that takes one, remove the flag on MKE 3 \
             and take the configuration anew, {}",
            settle(self.component, false)
        )));
        false
    }

    /// Whether a flag that k0s or MKE 4k sets itself may be written all the same.
    fn wins(&mut self, flag: &Flag, owned: &Owned, value: &Tracked<String>) -> Option<Origin> {
        let (name, component) = (&flag.name, self.component.name());
        let place = self.ctx.mke3_place(&flag.path);
        let (own, key) = match owned.own {
            Own::Inner => (None, None),
            Own::Text(text) => (Some(text.to_owned()), None),
            Own::Key(key) => (Some(self.ctx.mke3.str(key).value), Some(key)),
        };
        if own.as_ref() == Some(&value.value) {
            let text = format!("`--{name}` of {component} is left out: it says what holds there anyway");
            self.ctx.findings.push(Finding::new(code::DROPPED_QUIETLY, text).at_opt(place));
            return None;
        }
        if let Some(answer) = self.answer() {
            if answer.value == "keep" && owned.hold == Hold::Open {
                let text = format!("`--{name}` of {component} outweighs what is set there, as decided");
                self.ctx
                    .findings
                    .push(Finding::new(code::FLAG_DECIDED, text).at_opt(place).note(owned.why.to_owned()));
                return Some(answer.origin);
            }
            if answer.value == "drop" {
                let text = format!("`--{name}` of {component} is left out, as decided");
                self.ctx
                    .findings
                    .push(Finding::new(code::FLAG_DECIDED, text).at_opt(place).note(owned.why.to_owned()));
                return None;
            }
        }
        let (code, text) = match owned.hold {
            Hold::Firm => (
                code::FLAG_OWNED,
                format!("`--{name}` of {component} belongs to the installation and can't be carried over"),
            ),
            Hold::Open => (
                code::FLAG_CHOICE,
                format!("`--{name}` of {component} would outweigh what is set there by k0s or MKE 4k"),
            ),
        };
        let mut finding = Finding::new(code, text).at_opt(place).note(owned.why.to_owned());
        if let Some(place) = key.and_then(|key| self.ctx.mke3_place(key)) {
            finding = finding.also(place, "MKE's own setting, which becomes the field");
        }
        if let Some(own) = own {
            finding = finding.note(format!("without the flag it is `{own}`"));
        }
        let keep = owned.hold == Hold::Open;
        self.ctx.findings.push(finding.help(format!(
            "remove it on MKE 3 and take the configuration anew, {}",
            settle(self.component, keep)
        )));
        self.open |= owned.hold == Hold::Open;
        None
    }

    /// Writes a value to its field or among the arguments.
    fn place(&mut self, same: &[&Flag], mut value: Tracked<String>) {
        let Some(flag) = same.last() else { return };
        match route(self.component, &flag.name) {
            Some(Route::Field(path, kind)) if self.ctx.contract.has(path) => match typed(kind, &value) {
                Ok(tree) => {
                    self.ctx.put(path, tree);
                    self.written += 1;
                }
                Err(why) => self.refuse(flag, &why),
            },
            Some(Route::Reserved) => match typed(Kind::Map, &value) {
                Ok(tree) => {
                    self.ctx.put("kubelet.managerKubeReserved", tree.clone());
                    self.ctx.put("kubelet.workerKubeReserved", tree);
                    self.written += 1;
                }
                Err(why) => self.refuse(flag, &why),
            },
            Some(Route::Fixed(why)) => self.fixed(flag, why),
            _ => {
                if let Some(owned) = owned(self.component, &flag.name) {
                    match self.wins(flag, owned, &value) {
                        Some(answer) => value = value.because(&answer),
                        None => return self.left += 1,
                    }
                }
                self.argument(flag, value);
            }
        }
    }

    fn argument(&mut self, flag: &Flag, value: Tracked<String>) {
        if self.component == Component::Kubelet
            && let Some(why) = unfit_for_kubelet(&value.value)
        {
            return self.refuse(flag, &why);
        }
        if self.component == Component::Proxy && !heeded_by_proxy(&flag.name) {
            self.tell(
                flag,
                code::MEANING,
                format!("`--{}` has no effect on kube-proxy any more", flag.name),
                "k0s gives kube-proxy a configuration file, and beside one it heeds no flag but those of its log; see \
                 whether a field below `network.kubeProxy` says the same",
            );
        }
        if value.value.starts_with('/') {
            self.tell(
                flag,
                code::BY_HAND,
                format!("`--{}` names `{}`, which {} will look for on the node itself", flag.name, value.value, self.component.name()),
                "in MKE 3 it lay in the component's container or a mount of it; see that it is there on every node before the migration",
            );
        }
        let path = format!("spec.{}", self.component.args());
        self.ctx.doc.set_key(&path, &flag.name, value);
        self.written += 1;
    }

    fn fixed(&mut self, flag: &Flag, why: &str) {
        if self.component == Component::Proxy && flag.value == "ipvs" {
            self.tell(
                flag,
                code::IPVS,
                "kube-proxy is put into IPVS mode by a flag, which MKE 4k does not support".to_owned(),
                "move the cluster to iptables mode on MKE 3 first",
            );
        } else {
            let text = format!("`--{}` is lost: {why}", flag.name);
            self.ctx.findings.push(Finding::new(code::DROPPED, text).at_opt(self.ctx.mke3_place(&flag.path)));
        }
        self.left += 1;
    }

    fn refuse(&mut self, flag: &Flag, why: &str) {
        let text = format!("the value of `--{}` can't be carried over: {why}", flag.name);
        self.tell(
            flag,
            code::FLAG_VALUE,
            text,
            "change or remove the flag on MKE 3, then take the configuration anew",
        );
        self.left += 1;
    }

    fn tell(&mut self, flag: &Flag, code: &'static Code, text: String, help: &str) {
        let place = self.ctx.mke3_place(&flag.path);
        self.ctx.findings.push(Finding::new(code, text).at_opt(place).help(help));
    }

    /// Feature gates, those unknown left out by decision.
    fn gates(&mut self, same: &[&Flag], value: Tracked<String>) -> Option<Tracked<String>> {
        self.items(same, value, |list, flag, item| {
            let (gate, on) = split(item);
            let shown = format!("the feature gate `{gate}`");
            let verdict = known::FEATURE_GATES.look_up(&gate, list.minor());
            match (verdict, switch(&on)) {
                (Verdict::Locked(locked), Ok(on)) if locked == on => Some(Origin::default()),
                _ => list.judge(&flag.path, &shown, verdict),
            }
        })
    }

    /// Admission plugins, those unknown left out by decision.
    fn plugins(&mut self, same: &[&Flag], value: Tracked<String>) -> Option<Tracked<String>> {
        self.items(same, value, |list, flag, item| {
            let verdict = known::ADMISSION_PLUGINS.look_up(item, list.minor());
            list.judge(&flag.path, &format!("the admission plugin `{item}`"), verdict)
        })
    }

    /// The items of a flag with commas that `judge` lets through.
    fn items(
        &mut self,
        same: &[&Flag],
        value: Tracked<String>,
        judge: impl Fn(&mut Self, &Flag, &str) -> Option<Origin>,
    ) -> Option<Tracked<String>> {
        let (mut kept, mut why) = (Vec::new(), Origin::default());
        for flag in same {
            for item in parts(&flag.value) {
                if let Some(origin) = judge(self, flag, item) {
                    kept.push(item);
                    why.join(&origin);
                }
            }
        }
        let all = value.value.split(',').filter(|item| !item.trim().is_empty()).count();
        if kept.len() < all
            && let Some(answer) = &self.answer
        {
            why.join(&answer.origin);
        }
        (!kept.is_empty()).then(|| value.map(|_| kept.join(",")).because(&why))
    }

    /// Whether a name may be written, and because of what.
    fn judge(&mut self, path: &str, shown: &str, verdict: Verdict) -> Option<Origin> {
        let minor = self.minor();
        let component = self.component.name();
        let (code, what) = match verdict {
            Verdict::Known => return Some(Origin::default()),
            Verdict::Gone(last) => (code::FLAG_GONE, format!("it went with Kubernetes 1.{}", last + 1)),
            Verdict::NotYet(first) => (code::FLAG_UNKNOWN, format!("it comes with Kubernetes 1.{first}")),
            Verdict::Locked(value) => (code::FLAG_GONE, format!("it is fixed to {value} there")),
            Verdict::Unknown(Some(near)) => (code::FLAG_UNKNOWN, format!("did you mean `{near}`?")),
            Verdict::Unknown(None) => (code::FLAG_UNKNOWN, "no release is known to have it".to_owned()),
        };
        let place = self.ctx.mke3_place(path);
        let Some(answer) = self.answer() else {
            self.open = true;
            self.ctx.findings.push(
                Finding::new(code, format!("{component} of Kubernetes 1.{minor} does not take {shown}"))
                    .at_opt(place)
                    .note(what)
                    .note(format!("{component} would not start with it"))
                    .help(format!(
                        "remove it on MKE 3 and take the configuration anew, {}",
                        settle(self.component, true)
                    )),
            );
            return None;
        };
        let word = if answer.value == "keep" { "kept" } else { "left out" };
        self.ctx.findings.push(
            Finding::new(
                code::FLAG_DECIDED,
                format!("{shown} is {word}, as decided: Kubernetes 1.{minor} does not take it"),
            )
            .at_opt(place)
            .note(what),
        );
        (answer.value == "keep").then_some(answer.origin)
    }

    /// The decision about unknown names, where there is one.
    fn answer(&mut self) -> Option<Tracked<&'static str>> {
        let key = self.component.key();
        if self.answer.is_none() && self.ctx.site.decisions.contains_key(key) {
            self.answer = self.ctx.decide(&Question {
                key,
                ask: format!(
                    "what to do with flags of {} that can't simply be carried over",
                    self.component.name()
                ),
                choices: CHOICES,
                proposal: None,
            });
        }
        self.answer.clone()
    }

    fn minor(&self) -> u32 {
        self.ctx.contract.kubernetes.minor
    }
}
