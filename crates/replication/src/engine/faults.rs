//! What is wrong with the network: links that are cut, and links that are slow.
//!
//! A message is lost if its link is cut when it is sent. What is on the wire by then arrives, unless somebody
//! takes it off.

use crate::ids::{ClientId, NodeId, Place, Places};
use crate::ordered::Ordered;
use crate::run::LinkView;
use crate::trace::Kind;

/// The links that are not as usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Where nothing arrives, by where it is sent from.
    cut: Ordered<Place, Places>,
    /// How much longer a message takes, in microseconds.
    slow: Ordered<(Place, Place), u64>,
}

impl Faults {
    /// From now on nothing that is sent from these to those arrives.
    pub fn cut(&mut self, from: Places, to: Places) {
        for place in from.iter() {
            let cut = self.cut.or_insert(place, Places::default());
            cut.nodes |= to.nodes;
            cut.clients |= to.clients;
        }
    }

    /// From now on messages from these to those take so much longer; 0 is as usual.
    pub fn slow(&mut self, from: Places, to: Places, by_us: u64) {
        for link in from
            .iter()
            .flat_map(|from| to.iter().map(move |to| (from, to)))
        {
            match by_us {
                0 => {
                    self.slow.remove(link);
                }
                by_us => self.slow.insert(link, by_us),
            }
        }
    }

    /// The links from these to those are as usual again.
    pub fn heal(&mut self, from: Places, to: Places) {
        for place in from.iter() {
            if let Some(cut) = self.cut.get_mut(place) {
                cut.nodes &= !to.nodes;
                cut.clients &= !to.clients;
                if cut.is_empty() {
                    self.cut.remove(place);
                }
            }
        }
        self.slow(from, to, 0);
    }

    /// Follows a run by its records: which links are cut.
    pub fn follow_cuts(&mut self, kind: &Kind) {
        match *kind {
            Kind::Cut {
                from,
                to,
                both_ways,
            } => {
                self.cut(from, to);
                if both_ways {
                    self.cut(to, from);
                }
            }
            Kind::Healed { from, to } => {
                self.heal(from, to);
                self.heal(to, from);
            }
            _ => {}
        }
    }

    /// Whether nothing arrives on this link.
    pub fn is_cut(&self, from: Place, to: Place) -> bool {
        !self.cut.is_empty() && self.cut.get(from).is_some_and(|cut| cut.contains(to))
    }

    /// How much longer a message takes on this link, in microseconds.
    pub fn slow_us(&self, from: Place, to: Place) -> u64 {
        if self.slow.is_empty() {
            return 0;
        }
        self.slow.get((from, to)).copied().unwrap_or(0)
    }

    /// How much longer a message takes on the slowest link, in microseconds.
    pub fn slowest_us(&self) -> u64 {
        let slow = self.slow.iter().map(|(_, by_us)| *by_us);
        slow.max().unwrap_or(0)
    }

    /// All of it, by direction.
    pub fn links(&self) -> Vec<LinkView> {
        let cut = self.cut.iter().flat_map(|(from, cut)| {
            cut.iter().map(move |to| LinkView {
                from,
                to,
                cut: true,
                slow_us: self.slow_us(from, to),
            })
        });
        let slow = self
            .slow
            .iter()
            .filter(|((from, to), _)| !self.is_cut(*from, *to));
        let slow = slow.map(|((from, to), by_us)| LinkView {
            from,
            to,
            cut: false,
            slow_us: *by_us,
        });
        cut.chain(slow).collect()
    }
}

/// Every place of a system with so many nodes and clients.
pub fn everywhere(nodes: usize, clients: usize) -> Places {
    let nodes = (0..nodes).map(|i| Place::Node(NodeId(i as u8)));
    nodes
        .chain((0..clients).map(|i| Place::Client(ClientId(i as u8))))
        .collect()
}

/// All places of `all` that are not in `these`.
pub fn others(all: Places, these: Places) -> Places {
    Places {
        nodes: all.nodes & !these.nodes,
        clients: all.clients & !these.clients,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(bits: u16) -> Places {
        Places {
            nodes: bits,
            clients: 0,
        }
    }

    const A: Place = Place::Node(NodeId(0));
    const B: Place = Place::Node(NodeId(1));
    const C: Place = Place::Node(NodeId(2));

    #[test]
    fn a_cut_is_one_way_and_healing_takes_away_what_it_names_alone() {
        let mut faults = Faults::default();
        faults.cut(nodes(0b001), nodes(0b110));
        assert!(faults.is_cut(A, B) && faults.is_cut(A, C));
        assert!(!faults.is_cut(B, A));
        faults.heal(nodes(0b001), nodes(0b010));
        assert!(!faults.is_cut(A, B) && faults.is_cut(A, C));
        faults.heal(nodes(0b111), nodes(0b111));
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn a_slow_link_is_as_usual_again_once_healed_or_slowed_by_nothing() {
        let mut faults = Faults::default();
        faults.slow(nodes(0b001), nodes(0b110), 300);
        assert_eq!((faults.slow_us(A, B), faults.slow_us(B, A)), (300, 0));
        faults.slow(nodes(0b001), nodes(0b010), 0);
        faults.heal(nodes(0b001), nodes(0b100));
        assert_eq!(faults, Faults::default());
    }
}
