//! The profiles of everybody at rest.

use super::judge::judge;
use crate::error::StoreError;
use crate::model::ContactId;
use crate::sim::host::World;
use crate::sim::scenario::Person;
use crate::testing::Invariant;

impl World {
    /// No commit says of a person's profile what the person did not let be made.
    pub(in crate::sim) async fn profile_is_allowed(&self, person: &Person) -> Result<(), StoreError> {
        let id = ContactId::from(person.id.as_str());
        let mail = self.store.inputs(&id, 0, u64::MAX >> 1).await?;
        let of_age = self.scenario.limits.as_ref().and_then(|limits| limits.of_age());
        let mut seen = self.truth.seen();
        let commits = seen.people.get(&person.id).map_or(&[][..], |seen| &seen.profiled);
        let judged = judge(commits, &mail, of_age);
        judged.happened.iter().for_each(|word| seen.count(word));
        if let Some(found) = judged.broken {
            seen.breach(Invariant::C20, format!("the profile of {id}: {found}"));
        }
        Ok(())
    }
}
