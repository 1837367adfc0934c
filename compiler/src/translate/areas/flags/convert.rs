//! From a list of flags to `extraArgs`, or to the field that owns a flag.

use super::known::{self, Verdict};
use super::list::{Component, Flag, flags, split};
use super::values::{Kind, parts, switch, typed};
use crate::diag::{Code, Finding, codes::translate as code};
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question};

/// Where a flag goes that does not simply become an argument.
enum Route {
    /// A field of mke4.yaml below `spec`.
    Field(&'static str, Kind),
    /// The two fields with what is reserved on managers and on workers.
    Reserved,
    /// A field that another area writes, from the flag where it asks for it. If it has not, the flag stays an argument,
    /// which k0s prefers to the field.
    Shared(&'static str),
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
        (ApiServer, "service-node-port-range") => Route::Shared("network.nodePortRange"),
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
        (Kubelet, "pod-max-pids") => Route::Shared("kubelet.podPidsLimit"),
        (Kubelet, "root-dir") => Route::Shared("kubelet.kubeletRootDir"),
        (Proxy, "proxy-mode") => Route::Fixed("`kube_proxy_mode` says how kube-proxy works"),
        _ => return None,
    })
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
    Choice { name: "drop", effect: "leave out what this release of Kubernetes does not know" },
    Choice { name: "keep", effect: "write it all the same; the component may not start with it" },
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
            if let Some(value) = self.value(&same) {
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
        let mut value = if ADDING.contains(&first.name.as_str()) {
            let mut all = same.iter().map(|flag| flag.tracked());
            let mut sum = all.next()?;
            for one in all {
                sum = sum.and(one).map(|(a, b)| format!("{a},{b}"));
            }
            sum
        } else {
            if same.len() > 1 {
                let finding = Finding::new(
                    code::FLAG_TWICE,
                    format!(
                        "{} gets {shown} {} times; the last one holds",
                        self.component.name(),
                        same.len()
                    ),
                );
                let finding = finding.at_opt(self.ctx.mke3_place(&last.path)).label("this one holds");
                let finding = match self.ctx.mke3_place(&first.path) {
                    Some(place) => finding.also(place, "this one is without effect"),
                    None => finding,
                };
                self.ctx.findings.push(finding);
            }
            last.tracked()
        };
        match first.name.as_str() {
            "feature-gates" => value = self.gates(same, value)?,
            "enable-admission-plugins" | "disable-admission-plugins" => value = self.plugins(same, value)?,
            _ => {}
        }
        Some(value.because(&why))
    }

    /// Writes a value to its field or among the arguments.
    fn place(&mut self, same: &[&Flag], value: Tracked<String>) {
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
            Some(Route::Shared(path)) if self.taken(path, flag) => self.written += 1,
            Some(Route::Shared(path)) if self.ctx.contract.has(path) => {
                self.tell(
                    flag,
                    code::FLAG_OVERRIDES,
                    format!(
                        "`--{}` outweighs `spec.{path}`, which says what MKE's own setting said",
                        flag.name
                    ),
                    "set the value by MKE's own key and take the flag away",
                );
                self.argument(flag, value);
            }
            Some(Route::Fixed(why)) => self.fixed(flag, why),
            _ => self.argument(flag, value),
        }
    }

    /// Whether another area has written the field from this flag.
    fn taken(&self, path: &str, flag: &Flag) -> bool {
        let leaf = self.ctx.doc.scalar(&format!("spec.{path}"));
        leaf.is_some_and(|leaf| flag.origin.sources().all(|source| leaf.origin.names(source)))
    }

    fn argument(&mut self, flag: &Flag, value: Tracked<String>) {
        // MKE 4k hands the kubelet's arguments on as one text with blanks between.
        if self.component == Component::Kubelet
            && value.value.contains(|c: char| c.is_whitespace() || c == '"')
        {
            return self.refuse(
                flag,
                "the kubelet's arguments are handed on with blanks between them, so none may be inside",
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
        let key = self.component.key();
        let Some(answer) = self.answer() else {
            self.open = true;
            self.ctx.findings.push(
                Finding::new(code, format!("{component} of Kubernetes 1.{minor} does not take {shown}"))
                    .at_opt(place)
                    .note(what)
                    .note(format!("{component} would not start with it"))
                    .help(format!(
                        "remove it on MKE 3 and take the configuration anew, or put `{key}: drop` under `decisions` in \
                         site.yaml to leave out all that are unknown (`keep` writes them all the same)"
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
                ask: format!("what to do with flags that {} does not know any more", self.component.name()),
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
