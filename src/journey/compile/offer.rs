//! Steps that hold, keep and give back places; the place that each entry takes where a journey has a cap.

use std::collections::BTreeMap;

use super::Compiler;
use crate::journey::definition::{
    AT_THE_DOOR, CapDefinition, ConfirmDefinition, PATIENCE, QUOTA, ReleaseDefinition, ReserveDefinition,
    entries_of,
};
use crate::journey::node::{Confirm, Reserve};
use crate::journey::undo::Undoing;
use crate::journey::{Node, NodeKind, Target};
use crate::model::{Name, NodeId};
use crate::time::Span;

/// The hidden nodes at the door.
const PLACE: &str = "enter.place";
const CONFIRM: &str = "enter.confirm";

impl Compiler<'_> {
    pub(super) fn reserve(
        &mut self,
        step: usize,
        reserve: &ReserveDefinition,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        let offer = self.named(&reserve.offer, &format!("{place}.offer"), "offer", "masterclass");
        let quota = reserve.quota.as_deref().unwrap_or(QUOTA);
        let quota = self.named(quota, &format!("{place}.quota"), "quota", "places");
        let within = self.wait_for_quota(reserve.within, place);
        let place_of = |field: &str| format!("{place}.{field}");
        let expires = match reserve.expires.filter(|span| !span.is_zero()) {
            Some(expires) => {
                self.span(expires, &place_of("expires"));
                expires
            }
            None => {
                let next = "add expires: a span such as 48h, so that a forgotten place is free again";
                self.problem("J080", &place_of("expires"), "the place is held for no time at all", next);
                return None;
            }
        };
        if super::most_milliseconds(expires) <= super::least_milliseconds(within) {
            let sentence =
                format!("the place is free again after {expires}, before the answer of {within} is over");
            self.problem("J080", &place_of("expires"), sentence, "hold it longer than its answer may take");
        }
        let full = reserve.full.as_ref().map_or(next, |name| self.target(step, name, &place_of("full")));
        let otherwise =
            reserve.otherwise.as_ref().map_or(next, |name| self.target(step, name, &place_of("otherwise")));
        Some(NodeKind::Reserve(Reserve {
            offer,
            quota,
            expires,
            within,
            full,
            otherwise,
            most: None,
            at_the_door: false,
        }))
    }

    pub(super) fn confirm(
        &mut self,
        step: usize,
        confirm: &ConfirmDefinition,
        next: Target,
        place: &str,
    ) -> NodeKind {
        let offer = self.reserved(&confirm.offer, &format!("{place}.offer"));
        let within = self.wait_for_quota(confirm.within, place);
        let place_of = |field: &str| format!("{place}.{field}");
        let full = confirm.full.as_ref().map_or(next, |name| self.target(step, name, &place_of("full")));
        let otherwise =
            confirm.otherwise.as_ref().map_or(next, |name| self.target(step, name, &place_of("otherwise")));
        NodeKind::Confirm(Confirm { offer, within, full, otherwise })
    }

    pub(super) fn release(&mut self, release: &ReleaseDefinition, place: &str) -> NodeKind {
        NodeKind::Release { offer: self.reserved(&release.offer, &format!("{place}.offer")) }
    }

    /// The name of an offer of which some step of this journey takes a place.
    pub(super) fn reserved(&mut self, offer: &str, place: &str) -> Name {
        let steps = &self.definition.steps;
        let known: Vec<&str> =
            steps.iter().filter_map(|step| Some(step.reserve.as_ref()?.offer.as_str())).collect();
        if !known.contains(&offer) {
            let next = match super::nearest(offer, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => "add a step that reserves it".to_owned(),
            };
            self.problem("J079", place, format!("no step reserves a place of the offer {offer:?}"), next);
        }
        offer.into()
    }

    fn wait_for_quota(&mut self, within: Option<Span>, place: &str) -> Span {
        if let Some(within) = within {
            let next = "write a span such as 10m, or leave it out";
            self.some_time(within, &format!("{place}.within"), "J080", "the wait is no time at all", next);
        }
        within.unwrap_or(PATIENCE)
    }

    /// Adds a hidden node for each offer that gives its place back where the run ends without having kept it.
    pub(super) fn releases(&mut self, nodes: &mut Vec<Option<Node>>, undoing: &mut Undoing) {
        let definition = self.definition;
        let mut quotas: BTreeMap<&str, &str> = BTreeMap::new();
        for (step, step_definition) in definition.steps.iter().enumerate() {
            let Some(reserve) = &step_definition.reserve else { continue };
            let quota = reserve.quota.as_deref().unwrap_or(QUOTA);
            let place = format!("{}.reserve", self.place(step));
            match quotas.insert(&reserve.offer, quota) {
                Some(other) if other != quota => {
                    let sentence = format!("an earlier step reserves this offer of the quota {other:?}");
                    self.problem("J079", &format!("{place}.quota"), sentence, "name one quota for both");
                }
                Some(_) => {}
                None => {
                    let name = NodeId::from(format!("{}.release", self.names[step]));
                    let offer = Name::from(reserve.offer.as_str());
                    self.hide(nodes, name.clone(), Some(NodeKind::Release { offer: offer.clone() }), &place);
                    undoing.releases.insert(offer, name);
                }
            }
        }
    }

    /// Adds the hidden nodes at the door of a journey that only so many may enter; answers the first one.
    pub(super) fn door(
        &mut self,
        cap: &CapDefinition,
        nodes: &mut Vec<Option<Node>>,
        undoing: &mut Undoing,
    ) -> usize {
        if cap.most == 0 {
            let next = "write how many may enter, or let nobody in by closes";
            self.problem("J081", "cap.most", "nobody may enter", next);
        }
        let quota = cap.quota.as_deref().unwrap_or(QUOTA);
        let quota = self.named(quota, "cap.quota", "quota", "places");
        let within = self.wait_for_quota(cap.within, "cap");
        let offer = Name::from(entries_of(&self.definition.journey));
        let reserve = NodeKind::Reserve(Reserve {
            offer: offer.clone(),
            quota,
            expires: AT_THE_DOOR,
            within,
            full: None,
            otherwise: None,
            most: Some(cap.most),
            at_the_door: true,
        });
        let confirm = Confirm { offer: offer.clone(), within, full: Some(0), otherwise: Some(0) };
        let door = nodes.len();
        self.hide(nodes, PLACE.into(), Some(reserve), "cap");
        self.hide(nodes, CONFIRM.into(), Some(NodeKind::Confirm(confirm)), "cap");
        for (place, next) in [(door, door + 1), (door + 1, 0)] {
            if let Some(Some(node)) = nodes.get_mut(place) {
                node.next = Some(next);
            }
        }
        let release = NodeId::from(format!("{PLACE}.release"));
        self.hide(nodes, release.clone(), Some(NodeKind::Release { offer: offer.clone() }), "cap");
        undoing.releases.insert(offer, release);
        door
    }
}
