//! Chance, addressed: a draw is a function of the seed and of what it is for.
//!
//! Never of how many draws came before. So one knob, or one message more, leaves the rest of the
//! weather alone, and two configurations can be compared under the same one.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::ids::{ClientId, NodeId, OpId, PartitionId, Place};
use crate::trace::MessageKind;

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    stream: u64,
    number: u32,
}

impl Address {
    /// A message's loss and delay.
    pub fn message(kind: MessageKind, from: Place, to: Place, topic: Topic) -> Self {
        let code = |place| match place {
            Place::Node(NodeId(node)) => u64::from(node),
            Place::Client(ClientId(client)) => 0x80 | u64::from(client),
        };
        let stream = (kind as u64) << 56
            | code(from) << 48
            | code(to) << 40
            | u64::from(topic.origin) << 32
            | u64::from(topic.partition.0) << 24
            | u64::from(topic.attempt & 0xff_ffff);
        Address {
            stream,
            number: topic.number,
        }
    }

    /// What a client does or chooses.
    pub fn choice(choice: Choice, op: OpId, partition: PartitionId) -> Self {
        let stream = (0x80 | choice as u64) << 56
            | u64::from(op.client.0) << 48
            | u64::from(partition.0) << 24;
        Address {
            stream,
            number: op.number,
        }
    }

    /// What a replica gets where it evaluates a function for an operation.
    pub fn evaluation(node: NodeId, op: OpId) -> Self {
        let stream = 0xfe << 56 | u64::from(node.0) << 48 | u64::from(op.client.0) << 40;
        Address {
            stream,
            number: op.number,
        }
    }

    /// How long a replica waits before it stands for election, for the `round`th time.
    pub fn election(node: NodeId, partition: PartitionId, round: u32) -> Self {
        let stream = 0xff << 56 | u64::from(node.0) << 48 | u64::from(partition.0) << 24;
        Address {
            stream,
            number: round,
        }
    }
}

/// What a message is about: which one it is of its kind on its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The client whose operation it serves, or one of the constants here.
    pub origin: u8,
    /// The operation's number, or a count of the sender's.
    pub number: u32,
    /// Whose log.
    pub partition: PartitionId,
    /// 0 at first, then one for each time that it is sent again.
    pub attempt: u32,
}

impl Topic {
    /// The origin of what serves no operation.
    pub const PROTOCOL: u8 = 0xff;
    /// The origin of a new leader's no-op.
    pub const NO_OP: u8 = 0xfe;

    /// A message that serves an operation.
    pub fn of(op: OpId) -> Self {
        Topic {
            origin: op.client.0,
            number: op.number,
            partition: PartitionId(0),
            attempt: 0,
        }
    }

    /// A message that serves none, by a count of its sender's.
    pub fn counted(number: u32, partition: PartitionId) -> Self {
        Topic {
            origin: Self::PROTOCOL,
            number,
            partition,
            attempt: 0,
        }
    }
}

/// What a client draws for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// When its next random operation comes, and on which key.
    Pace,
    /// Whether that one is a write.
    WriteOrRead,

    /// Which replica an operation goes to.
    Target,
    /// Which copies a read is sent to.
    Copies,
    /// Which replica is near, in the WAN model.
    Near,
    /// What a random write does to a set.
    Item,
}

/// What is drawn: always all of it, so that a changed loss rate leaves the delays alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Uniform over all `u32`: whether a message is lost, or which of several things.
    pub which: u32,
    /// Uniform over all `u32`: whether a message arrives twice, and whether it is held back.
    pub oddity: u32,
    /// Uniform over all `u64`: how long.
    pub size: u64,
}

impl Draw {
    /// One of `of`, which is at least 1.
    pub fn pick(self, of: usize) -> usize {
        ((u64::from(self.which) * of as u64) >> 32) as usize
    }

    /// Uniform in 0..1.
    pub fn uniform(self) -> f64 {
        (self.size >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The source of all draws: ChaCha8, addressed by stream and word position.
pub struct Chance {
    seed: u64,
    fresh: ChaCha8Rng,
    /// Blocks already computed. Derived data: no part of a world's state.
    cache: Vec<Block>,
}

#[derive(Clone)]
struct Block {
    stream: u64,
    number: u32,
    words: [u32; WORDS],
}

/// Words that ChaCha makes at once.
const WORDS: usize = 64;
const WORDS_PER_DRAW: usize = 4;
const DRAWS_PER_BLOCK: u32 = (WORDS / WORDS_PER_DRAW) as u32;
/// A power of two: about as many as there are streams in a busy run.
const CACHED_BLOCKS: usize = 512;
/// The number of a block that holds nothing yet.
const NO_BLOCK: u32 = u32::MAX;

impl Chance {
    /// All draws of a seed.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Chance {
            seed,
            fresh: ChaCha8Rng::from_seed(key),
            cache: Vec::new(),
        }
    }

    /// The draw at an address.
    pub fn draw(&mut self, address: Address) -> Draw {
        let (number, offset) = (
            address.number / DRAWS_PER_BLOCK,
            address.number % DRAWS_PER_BLOCK,
        );
        if self.cache.is_empty() {
            // Only where something is drawn: a checkpoint carries no cache.
            self.cache = vec![
                Block {
                    stream: 0,
                    number: NO_BLOCK,
                    words: [0; WORDS]
                };
                CACHED_BLOCKS
            ];
        }
        // Fibonacci hashing: streams differ in their high and low bytes.
        let slot = (address.stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> (64 - CACHED_BLOCKS.ilog2())) as usize;
        let block = &mut self.cache[slot];
        if block.stream != address.stream || block.number != number {
            let mut rng = self.fresh.clone();
            rng.set_stream(address.stream);
            rng.set_word_pos(u128::from(number) * WORDS as u128);
            block
                .words
                .iter_mut()
                .for_each(|word| *word = rng.next_u32());
            (block.stream, block.number) = (address.stream, number);
        }
        let at = offset as usize * WORDS_PER_DRAW;
        let [which, oddity, low, high] = [0, 1, 2, 3].map(|i| block.words[at + i]);
        Draw {
            which,
            oddity,
            size: u64::from(high) << 32 | u64::from(low),
        }
    }
}

impl Clone for Chance {
    fn clone(&self) -> Self {
        Chance::new(self.seed)
    }
}

impl PartialEq for Chance {
    fn eq(&self, other: &Self) -> bool {
        self.seed == other.seed
    }
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chance({})", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> impl Iterator<Item = Address> {
        (0..2000).map(|i| {
            let op = OpId {
                client: ClientId((i % 3) as u8),
                number: i * 7 % 50,
            };
            Address::choice(
                if i % 2 == 0 {
                    Choice::Pace
                } else {
                    Choice::Target
                },
                op,
                PartitionId((i % 5) as u8),
            )
        })
    }

    #[test]
    fn a_draw_depends_on_its_address_alone() {
        let mut in_order = Chance::new(7);
        let forward: Vec<_> = addresses().map(|address| in_order.draw(address)).collect();
        let mut backward: Vec<_> = addresses()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .map(|a| Chance::new(7).draw(a))
            .collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    #[test]
    fn another_seed_is_other_weather() {
        let same = addresses()
            .filter(|address| Chance::new(1).draw(*address) == Chance::new(2).draw(*address))
            .count();
        assert_eq!(same, 0);
    }
}
