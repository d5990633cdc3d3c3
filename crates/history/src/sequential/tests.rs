use crate::testing::{Agreement, Sort, is_sequential, random_history};
use crate::{History, Steps, Verdict, sequential};

fn judged(history: &History) -> Verdict {
    sequential::judge(history, &mut Steps::new(10_000_000))
}

#[test]
fn it_agrees_with_all_orders_tried_out() {
    let mut agreement = Agreement::default();
    for seed in 0..100_000 {
        let history = random_history(seed, Sort::of(seed, (1, 8)));
        agreement.check(&history, &is_sequential, &judged);
    }
    assert!(
        agreement.yes > 20_000 && agreement.no > 20_000,
        "{agreement:?}"
    );
    assert_eq!(agreement.unknown, 0);
}
