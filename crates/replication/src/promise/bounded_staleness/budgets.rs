//! Which budget each read has.

use crate::engine::time::SimTime;
use crate::ids::OpId;
use crate::scenario::{
    Act, Deed, Does, Intervention, ProtocolKind, ReadPath, ReadPolicy, Scenario, Settings,
};

/// The budget of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// The read path.
    pub path: u8,
    /// For how long a write may have been acknowledged and yet be missing.
    pub max_us: Option<u64>,
    /// How many acknowledged writes may be missing.
    pub max_entries: Option<u32>,
    /// Whether one replica alone answers.
    pub one_answers: bool,
}

/// All budgets of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    /// What is in force from when on, in order of time. Of one moment the last counts.
    terms: Vec<Terms>,
    /// By client: what the steps of its list ask for; a random client asks for nothing of its own.
    planned: Vec<Vec<Asks>>,
    /// By client: what it is made to ask for, in order.
    scripted: Vec<Vec<Asks>>,
}

/// What is in force.
#[derive(Clone, Debug)]
struct Terms {
    from: SimTime,
    /// Empty where nothing is promised.
    paths: Vec<ReadPath>,
    /// How many copies answer a read that names no number itself; 1 unless leaderless.
    answer: u8,
}

/// What an operation asks for.
#[derive(Clone, Copy, Debug, Default)]
struct Asks {
    path: u8,
    quorum: Option<u8>,
}

impl Asks {
    fn of(act: &Act) -> Self {
        match act.deed {
            Deed::Read(_) => Asks {
                path: act.path,
                quorum: act.quorum,
            },
            Deed::Write(..) => Asks::default(),
        }
    }
}

impl Budgets {
    /// Those of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let are_written = scenario.document.pointer("/reads/paths").is_some();
        let terms = |from: SimTime, settings: &Settings| {
            let are_set = are_written
                || matches!(settings.reads, ReadPolicy::LagBudget { .. })
                || settings.paths != scenario.settings.paths;
            let leaderless = scenario.structure.kind == ProtocolKind::Leaderless;
            Terms {
                from,
                paths: match are_set {
                    true => settings.paths.clone(),
                    false => Vec::new(),
                },
                answer: if leaderless { settings.r } else { 1 },
            }
        };
        let mut budgets = Budgets {
            terms: vec![terms(SimTime::ZERO, &scenario.settings)],
            planned: Vec::new(),
            scripted: Vec::new(),
        };
        for entry in &scenario.script {
            if let Intervention::Set(settings) = &entry.does {
                budgets.terms.push(terms(entry.at, settings));
            }
        }
        budgets
            .terms
            .dedup_by(|next, before| (&next.paths, next.answer) == (&before.paths, before.answer));
        if !budgets.are_set() {
            return budgets;
        }
        for plan in &scenario.clients {
            budgets.planned.push(match &plan.does {
                Does::Steps(steps) => steps.iter().map(|step| Asks::of(&step.act)).collect(),
                Does::Random { .. } => Vec::new(),
            });
        }
        budgets.scripted = vec![Vec::new(); scenario.clients.len()];
        for entry in &scenario.script {
            if let Intervention::Do { client, act } = &entry.does {
                budgets.scripted[usize::from(client.0)].push(Asks::of(act));
            }
        }
        budgets
    }

    /// Whether anything is promised at any time.
    pub fn are_set(&self) -> bool {
        self.terms.iter().any(|terms| !terms.paths.is_empty())
    }

    /// The budget of a read that is invoked now; none where nothing is promised.
    pub fn of(&self, op: OpId, now: SimTime) -> Option<Budget> {
        let client = usize::from(op.client.0);
        let asks = match op.number.checked_sub(OpId::SCRIPTED) {
            Some(number) => self.scripted[client].get(number as usize),
            None => self.planned[client].get(op.number as usize),
        };
        let asks = asks.copied().unwrap_or_default();
        // What the script does, it does before anything else of the same moment.
        let terms = self.terms.iter().rfind(|terms| terms.from <= now)?;
        let path = terms.paths.get(usize::from(asks.path))?;
        Some(Budget {
            path: asks.path,
            max_us: path.max_us,
            max_entries: path.max_entries,
            one_answers: match asks.quorum {
                Some(quorum) => quorum == 1,
                None => terms.answer == 1,
            },
        })
    }
}
