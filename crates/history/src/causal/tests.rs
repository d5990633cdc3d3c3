use crate::testing::{Agreement, Sort, is_causal, random_history};
use crate::{History, Steps, Verdict, causal};

fn judged(history: &History) -> Verdict {
    causal::judge(history, &mut Steps::new(10_000_000))
}

#[test]
fn it_agrees_with_its_definition() {
    let mut agreement = Agreement::default();
    for seed in 0..100_000 {
        let history = random_history(seed, Sort::of(seed, (1, 6)));
        agreement.check(&history, &is_causal, &judged);
    }
    assert!(
        agreement.yes > 20_000 && agreement.no > 20_000,
        "{agreement:?}"
    );
    assert_eq!(agreement.unknown, 0);
}
