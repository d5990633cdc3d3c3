//! A map in the order of its keys, as one sorted list, and the one sort of the core and the page.
//!
//! Nearly all maps here are small, or get their keys in order. A list is faster for both, and where the
//! standard map and sort are compiled anew for each type, at kilobytes each, these are hundreds of bytes.

/// A map in the order of its keys.
///
/// Adding a key is quick where it is the highest yet; any other moves those above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered<K, V>(Vec<(K, V)>);

impl<K: Copy + Ord, V> Ordered<K, V> {
    /// The value of a key.
    pub fn get(&self, key: K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.place(key).ok().map(|place| &mut self.0[place].1)
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: K) -> bool {
        self.place(key).is_ok()
    }

    /// Sets a key's value, whether it has one or not.
    pub fn insert(&mut self, key: K, value: V) {
        match self.place(key) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (key, value)),
        }
    }

    /// The value of a key, which gets this one where it has none.
    pub fn or_insert(&mut self, key: K, value: V) -> &mut V {
        let place = self.place(key).unwrap_or_else(|place| {
            self.0.insert(place, (key, value));
            place
        });
        &mut self.0[place].1
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is kept, in the order of the keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// The keys and their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// Where a key is, or would be.
    fn place(&self, key: K) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last >= key => {
                self.0.binary_search_by(|(other, _)| other.cmp(&key))
            }
            _ => Err(self.0.len()),
        }
    }
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

/// Sorts by a key; what has the same key stays in order.
pub fn sort_by_key<T>(items: &mut Vec<T>, key: impl Fn(&T) -> (u64, u64)) {
    let keys = items
        .iter()
        .enumerate()
        .map(|(place, item)| (key(item), place));
    let order = sorted(keys.collect());
    let mut unsorted: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(
        order
            .into_iter()
            .filter_map(|(_, place)| unsorted[place].take()),
    );
}

/// Compiled once, for all types of items.
fn sorted(mut order: Vec<((u64, u64), usize)>) -> Vec<((u64, u64), usize)> {
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn is_the_map_of_the_standard_library() {
        let (mut ordered, mut map) = (Ordered::default(), BTreeMap::new());
        let mut number = 1_u32;
        for step in 0..5_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = (number >> 24) % 40;
            match (number >> 16) % 4 {
                0 => {
                    ordered.insert(key, step);
                    map.insert(key, step);
                }
                1 => assert_eq!(ordered.or_insert(key, step), map.entry(key).or_insert(step)),
                2 => assert_eq!(ordered.remove(key), map.remove(&key)),
                _ => assert_eq!(ordered.get_mut(key), map.get_mut(&key)),
            }
            assert_eq!(ordered.get(key), map.get(&key));
            assert_eq!(ordered.contains(key), map.contains_key(&key));
            assert_eq!(ordered.len(), map.len());
            assert!(
                ordered
                    .iter()
                    .eq(map.iter().map(|(key, value)| (*key, value)))
            );
        }
    }

    #[test]
    fn equal_keys_keep_their_order() {
        let mut items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        sort_by_key(&mut items, |(key, _)| (0, *key));
        assert_eq!(items, [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]);
    }
}
