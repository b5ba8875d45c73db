//! Grouping wheels into layers: each heavy one in a layer of its own, the rest in stable buckets, within a budget.
//!
//! A pure function over names and sizes. The bucket of a small wheel depends only on its
//! name, so that a new version of one moves one bucket and nothing else.

/// Something that goes into a layer, with others or by itself.
pub trait Groupable {
    /// The name that decides its bucket.
    fn name(&self) -> &str;
    /// Its share of a layer, in bytes.
    fn size(&self) -> u64;
    /// Whether it fits every platform: pure and native ones never share a bucket, so that a
    /// second platform shares whole layers.
    fn is_pure(&self) -> bool;
}

/// How many layers there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPolicy {
    /// From this size on, in bytes, something has a layer of its own.
    pub heavy: u64,
    /// At most so many have one, the largest first.
    pub heavy_cap: usize,
    /// Buckets for what fits every platform.
    pub pure_buckets: u32,
    /// Buckets for what does not.
    pub native_buckets: u32,
}

impl GroupPolicy {
    /// For wheels: 256 KiB is heavy (measured: a small bump then moves 0.8 MiB instead of 28).
    pub const WHEELS: Self = Self { heavy: 256 << 10, heavy_cap: 24, pure_buckets: 6, native_buckets: 3 };

    /// For bytecode, by the size of the sources: fewer layers, since it shrinks well.
    pub const BYTECODE: Self = Self { heavy: 2 << 20, heavy_cap: 6, pure_buckets: 6, native_buckets: 2 };
}

/// The members of one layer, by their places in the list that was grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// A name that users see: the distribution's, or the bucket's.
    pub title: String,
    /// The members, in the order of the list.
    pub members: Vec<usize>,
}

/// Groups a list that is sorted by name; every member is in exactly one group.
pub fn group<T: Groupable>(items: &[T], policy: &GroupPolicy) -> Vec<Group> {
    let mut heavy: Vec<usize> = (0..items.len()).filter(|n| items[*n].size() >= policy.heavy).collect();
    heavy.sort_by_key(|n| (std::cmp::Reverse(items[*n].size()), items[*n].name().to_owned()));
    heavy.truncate(policy.heavy_cap);
    heavy.sort_unstable();
    let mut groups: Vec<Group> =
        heavy.iter().map(|n| Group { title: items[*n].name().to_owned(), members: vec![*n] }).collect();
    for (kind, pure, buckets) in [("pure", true, policy.pure_buckets), ("native", false, policy.native_buckets)] {
        for bucket in 0..buckets {
            let members: Vec<usize> = (0..items.len())
                .filter(|n| heavy.binary_search(n).is_err() && items[*n].is_pure() == pure)
                .filter(|n| crc32fast::hash(items[*n].name().as_bytes()) % buckets == bucket)
                .collect();
            if !members.is_empty() {
                groups.push(Group { title: title(kind, bucket, &members, items), members });
            }
        }
    }
    groups
}

fn title<T: Groupable>(kind: &str, bucket: u32, members: &[usize], items: &[T]) -> String {
    let first = items[members[0]].name();
    match members.len() {
        1 => first.to_owned(),
        count => format!("{kind} bucket {} ({first} and {} more)", bucket + 1, count - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item(&'static str, u64, bool);

    impl Groupable for Item {
        fn name(&self) -> &str {
            self.0
        }
        fn size(&self) -> u64 {
            self.1
        }
        fn is_pure(&self) -> bool {
            self.2
        }
    }

    const POLICY: GroupPolicy = GroupPolicy { heavy: 100, heavy_cap: 2, pure_buckets: 2, native_buckets: 1 };

    fn items() -> Vec<Item> {
        vec![
            Item("a", 1, true),
            Item("b", 500, false),
            Item("c", 300, true),
            Item("d", 200, true),
            Item("e", 1, false),
            Item("f", 2, true),
            Item("g", 3, true),
        ]
    }

    #[test]
    fn everything_is_in_one_group_and_the_largest_are_alone() {
        let groups = group(&items(), &POLICY);
        let mut all: Vec<usize> = groups.iter().flat_map(|group| group.members.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..7).collect::<Vec<_>>());
        assert_eq!((&groups[0].title, &groups[1].title), (&"b".to_owned(), &"c".to_owned()));
        let pure = |group: &Group| group.members.iter().map(|n| items()[*n].2).collect::<Vec<_>>();
        assert!(groups.iter().all(|group| pure(group).windows(2).all(|pair| pair[0] == pair[1])));
    }

    #[test]
    fn a_new_distribution_moves_no_other_to_another_bucket() {
        let names = |items: &[Item]| -> Vec<Vec<&str>> {
            let groups = group(items, &POLICY);
            groups.iter().map(|g| g.members.iter().map(|n| items[*n].0).filter(|n| *n != "new").collect()).collect()
        };
        let mut more = items();
        more.push(Item("new", 1, true));
        assert_eq!(names(&items()), names(&more));
    }
}
