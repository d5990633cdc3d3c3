//! Sets of places, clocks and links in words.

use replication::ids::{ClientId, NodeId, Place, Places, RegionId};
use replication::run::LinkView;

use crate::moment::Moment;
use crate::quantity::{count, duration, listed};

/// "200 ms ahead", "200 ms behind".
pub(crate) fn ahead(by_us: i64) -> String {
    let by = duration(by_us.unsigned_abs());
    match by_us {
        0 => "right".to_owned(),
        1.. => format!("{by} ahead"),
        _ => format!("{by} behind"),
    }
}

/// "+200 ms", "−200 ms".
pub(crate) fn skew(by_us: i64) -> String {
    let sign = if by_us < 0 { '−' } else { '+' };
    format!("{sign}{}", duration(by_us.unsigned_abs()))
}

/// Some places in words, with those on the other side of a cut: "F1 and Bob", "us-east", "everybody
/// else".
pub(crate) fn places(moment: &Moment<'_>, these: Places, those: Places) -> String {
    let all = everywhere(moment);
    let mine = minus(these, those);
    if mine == Places::default() {
        return "nobody".to_owned();
    }
    let mut left = mine;
    let mut names: Vec<String> = Vec::new();
    for region in 0..moment.names.regions.len() {
        let its = of_region(moment, RegionId(region as u8));
        let nodes_only = Places { clients: 0, ..its };
        for group in [its, nodes_only] {
            if size(group) > 1 && minus(group, left) == Places::default() {
                names.push(moment.names.regions[region].clone());
                left = minus(left, group);
            }
        }
    }
    // The larger side is whoever is not on the smaller one.
    let is_rest = mine == minus(all, those) && size(mine) > size(those);
    if is_rest && left != Places::default() {
        return "everybody else".to_owned();
    }
    let singles: Vec<Place> = left.iter().collect();
    let shown = if singles.len() > 4 { 3 } else { singles.len() };
    names.extend(
        singles[..shown]
            .iter()
            .map(|place| moment.place(*place).to_owned()),
    );
    if shown < singles.len() {
        names.push(count((singles.len() - shown) as u64, "other", "others"));
    }
    listed(&names)
}

/// "A is cut off from everybody else", "east and west are cut off from each other".
pub(crate) fn cut_off(moment: &Moment<'_>, from: Places, to: Places) -> String {
    // The smaller side first: the other one may be everybody else.
    let (these, those) = if size(from) <= size(to) {
        (from, to)
    } else {
        (to, from)
    };
    let (one, other) = (places(moment, these, those), places(moment, those, these));
    let several = |words: &str| words.contains(" and ");
    match (several(&one), several(&other) || other == "everybody else") {
        (false, false) => format!("{one} and {other} are cut off from each other"),
        (false, true) => format!("{one} is cut off from {other}"),
        (true, _) => format!("{one} are cut off from {other}"),
    }
}

/// The sides of the cuts at the cursor: from these, to those, and whether both ways. The first few.
pub(crate) fn cuts(links: &[LinkView]) -> Vec<(Places, Places, bool)> {
    let cut_from = |from: Place| -> Places {
        let cut = links.iter().filter(|link| link.cut && link.from == from);
        cut.map(|link| link.to).collect()
    };
    let is_cut = |from: Place, to: Place| {
        links
            .iter()
            .any(|link| link.cut && link.from == from && link.to == to)
    };
    let mut found: Vec<(Places, Places, bool)> = Vec::new();
    for link in links.iter().filter(|link| link.cut) {
        let to = cut_from(link.from);
        let known = found.iter().any(|(from, known, both)| {
            (from.contains(link.from) && known.contains(link.to))
                || (*both && from.contains(link.to) && known.contains(link.from))
        });
        if known {
            continue;
        }
        // All who are cut from the same others.
        let alike = links
            .iter()
            .filter(|other| other.cut && cut_from(other.from) == to);
        let from: Places = alike.map(|other| other.from).collect();
        let both = from.iter().all(|from| to.iter().all(|to| is_cut(to, from)));
        found.push((from, to, both));
    }
    found
}

fn everywhere(moment: &Moment<'_>) -> Places {
    let nodes = (0..moment.nodes().len()).map(|i| Place::Node(NodeId(i as u8)));
    let clients = (0..moment.clients().len()).map(|i| Place::Client(ClientId(i as u8)));
    nodes.chain(clients).collect()
}

fn of_region(moment: &Moment<'_>, region: RegionId) -> Places {
    let all = everywhere(moment);
    all.iter()
        .filter(|place| moment.structure.region_of(*place) == region)
        .collect()
}

fn minus(these: Places, those: Places) -> Places {
    Places {
        nodes: these.nodes & !those.nodes,
        clients: these.clients & !those.clients,
    }
}

fn size(places: Places) -> u32 {
    places.nodes.count_ones() + places.clients.count_ones()
}
