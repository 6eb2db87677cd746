//! One of the parts that groups are divided into, small enough for the processor's cache.

use jiff::civil::Date;
use ledger_core::day_sum::{DaySum, LineAmounts};
use ledger_core::money::MoneyError;

use crate::cur::groups::key::{GroupKey, GroupKind, Map};
use crate::cur::groups::packed::PackedKey;
use crate::cur::groups::pending::PendingRow;
use crate::cur::groups::small_sum::{NO_SUM, SmallSum, fetch, new_sum};

/// Some of the groups, and the sums of each by day.
#[derive(Default)]
pub(super) struct Partition {
    places: Map<PackedKey, u32>,
    groups: Vec<Group>,
    /// Of each group; `None` if its rows are read as text.
    keys: Vec<Option<GroupKey>>,
    sums: Vec<SmallSum>,
    /// Full sums that were replaced by a new one at the same place.
    spilled: Map<u16, Vec<SmallSum>>,
}

/// The sums of a group by day of the month: one cache line.
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Group {
    /// The place of each day's sum in the partition.
    days: [u16; 31],
    kind: GroupKind,
}

/// Where a row belongs in its partition.
pub(super) struct RowSlot {
    group: u32,
    /// Or [`NO_SUM`].
    sum: u16,
    kind: GroupKind,
}

/// A row whose group does not exist yet.
const NO_GROUP: u32 = u32::MAX;

impl Partition {
    /// Adds pending rows to their groups. `make_group` makes the group of a new key; `read_as_text`
    /// takes each row that must be read as text instead.
    pub(super) fn add_pending(
        &mut self,
        pending: &mut Vec<PendingRow>,
        slots: &mut Vec<RowSlot>,
        mut make_group: impl FnMut(&PackedKey) -> (Group, Option<GroupKey>),
        mut read_as_text: impl FnMut(u32),
    ) {
        slots.clear();
        // These loops do nothing else, so that the processor fetches memory for several rows at once.
        slots.extend(pending.iter().map(|row| RowSlot {
            group: self.places.get(&row.key).copied().unwrap_or(NO_GROUP),
            sum: NO_SUM,
            kind: GroupKind::Unclear,
        }));
        for (row, slot) in pending.iter().zip(&mut *slots).filter(|it| it.1.group == NO_GROUP) {
            slot.group = match self.places.get(&row.key) {
                Some(place) => *place,
                None => {
                    let (group, key) = make_group(&row.key);
                    self.insert(row.key, group, key)
                }
            };
        }
        fetch(self.groups.iter().map(|it| it.days[0]));
        for (row, slot) in pending.iter().zip(&mut *slots) {
            if let Some(group) = self.group(slot.group) {
                slot.kind = group.kind;
                slot.sum = group.days.get(usize::from(row.day)).copied().unwrap_or(NO_SUM);
            }
        }
        fetch(slots.iter().filter_map(|it| Some(self.sums.get(usize::from(it.sum))?.both_ends())));
        for (row, slot) in pending.iter().zip(&*slots) {
            if !self.add(row, slot) {
                read_as_text(row.row);
            }
        }
        pending.clear();
    }

    /// Adds a row to its sum; returns `false` if it must be read as text instead.
    #[inline]
    fn add(&mut self, row: &PendingRow, slot: &RowSlot) -> bool {
        let Some(metered) = slot.kind.metered(row.amount()) else { return false };
        let lines = SmallSum::of(row, metered);
        let mut place = slot.sum;
        if place == NO_SUM {
            let group = usize::try_from(slot.group).ok().and_then(|it| self.groups.get_mut(it));
            let day = group.and_then(|it| it.days.get_mut(usize::from(row.day)));
            let Some(day) = day else { return false };
            if *day == NO_SUM {
                let Some(made) = new_sum(&mut self.sums) else { return false };
                *day = made;
            }
            place = *day;
        }
        let Some(sum) = self.sums.get_mut(usize::from(place)) else { return false };
        if !sum.add(&lines) {
            self.spilled.entry(place).or_default().push(std::mem::replace(sum, lines));
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(super) fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn sum_count(&self) -> usize {
        self.sums.len()
    }

    /// Whether a group with a sum on every day of a month still fits.
    pub(super) fn has_room(&self) -> bool {
        self.sums.len() + 31 < NO_SUM.into()
    }

    fn insert(&mut self, packed: PackedKey, group: Group, key: Option<GroupKey>) -> u32 {
        let place = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.places.insert(packed, place);
        self.groups.push(group);
        self.keys.push(key);
        place
    }

    fn group(&self, place: u32) -> Option<&Group> {
        self.groups.get(usize::try_from(place).ok()?)
    }

    /// The keys of groups with sums in order, and the place of each; `None` for a group that has
    /// sums and no key, which cannot be.
    pub(super) fn sorted_keys(&self) -> Option<Vec<(GroupKey, u32)>> {
        let mut keys = Vec::with_capacity(self.groups.len());
        for ((group, key), place) in self.groups.iter().zip(&self.keys).zip(0..) {
            if group.has_sums() {
                keys.push(((*key)?, place));
            }
        }
        keys.sort_unstable();
        fetch(self.sums.iter().map(SmallSum::both_ends));
        Some(keys)
    }

    /// The sums of a group by day. Quantities are left out where their unit is not known.
    pub(super) fn day_sums(
        &self,
        place: u32,
        first_row: u64,
        first_of_use: Date,
        has_unit: bool,
    ) -> Result<Vec<DaySum>, MoneyError> {
        let days = self.group(place).map_or([NO_SUM; 31], |it| it.days);
        let mut sums = Vec::with_capacity(days.iter().filter(|it| **it != NO_SUM).count());
        for (day, place) in (1..).zip(days).filter(|it| it.1 != NO_SUM) {
            let date = Date::new(first_of_use.year(), first_of_use.month(), day);
            let sum = self.sums.get(usize::from(place)).zip(date.ok());
            let (sum, date) = sum.ok_or(MoneyError::OutOfRange)?;
            let mut amounts = LineAmounts::ZERO;
            for sum in self.spilled.get(&place).into_iter().flatten().chain([sum]) {
                amounts = amounts.checked_add(&sum.amounts(first_row))?;
            }
            amounts.quantity = amounts.quantity.filter(|_| has_unit);
            sums.push(DaySum::of_amounts(date, &amounts)?);
        }
        Ok(sums)
    }

    /// Takes all groups out, each under its packed key.
    pub(super) fn take_places(&mut self) -> Map<PackedKey, u32> {
        std::mem::take(&mut self.places)
    }

    /// Moves one group under a new packed key to another partition; `None` if it has no room.
    pub(super) fn move_group(
        &self,
        place: u32,
        packed: PackedKey,
        to: &mut Partition,
    ) -> Option<()> {
        let at = usize::try_from(place).ok()?;
        let (mut group, key) = (self.groups.get(at)?.clone(), *self.keys.get(at)?);
        for place in group.days.iter_mut().filter(|it| **it != NO_SUM) {
            *place = self.move_sum(*place, to)?;
        }
        to.insert(packed, group, key);
        Some(())
    }

    fn move_sum(&self, place: u16, to: &mut Partition) -> Option<u16> {
        let sum = *self.sums.get(usize::from(place))?;
        let moved = new_sum(&mut to.sums)?;
        *to.sums.last_mut()? = sum;
        if let Some(spilled) = self.spilled.get(&place) {
            to.spilled.insert(moved, spilled.clone());
        }
        Some(moved)
    }
}

impl Group {
    pub(super) fn new(kind: GroupKind) -> Group {
        Group { days: [NO_SUM; 31], kind }
    }

    /// Whether any row was added; none was if all were read as text.
    fn has_sums(&self) -> bool {
        self.days.iter().any(|it| *it != NO_SUM)
    }
}
