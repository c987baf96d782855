//! What only the shape of a journey shows: steps that nobody reaches, circles that nobody leaves in time. The only file
//! that names petgraph.

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;

/// The shape of a journey: for each step, whether time must pass in it, and where its edges lead.
pub(super) struct Shape {
    pub(super) waits: Vec<bool>,
    pub(super) edges: Vec<Vec<usize>>,
}

impl Shape {
    /// The steps that no way from the first one reaches.
    pub(super) fn unreachable(&self) -> Vec<usize> {
        let graph = self.graph(|_| true);
        let mut reached = vec![false; self.edges.len()];
        if !reached.is_empty() {
            let mut walk = Dfs::new(&graph, NodeIndex::new(0));
            while let Some(node) = walk.next(&graph) {
                reached[node.index()] = true;
            }
        }
        (0..reached.len()).filter(|step| !reached[*step]).collect()
    }

    /// Circles in which no time passes; each as its steps, in order of the definition.
    pub(super) fn circles(&self) -> Vec<Vec<usize>> {
        let graph = self.graph(|step| !self.waits[step]);
        let mut circles: Vec<Vec<usize>> = tarjan_scc(&graph)
            .into_iter()
            .map(|component| component.into_iter().map(NodeIndex::index).collect::<Vec<_>>())
            .filter(|steps| {
                steps.len() > 1
                    || steps
                        .iter()
                        .any(|step| graph.contains_edge(NodeIndex::new(*step), NodeIndex::new(*step)))
            })
            .collect();
        circles.iter_mut().for_each(|steps| steps.sort_unstable());
        circles.sort();
        circles
    }

    /// The longest row of steps in which no time passes: its first step and its length; `None` where there is a circle.
    pub(super) fn longest_rush(&self) -> Option<(usize, usize)> {
        let order = toposort(&self.graph(|step| !self.waits[step]), None).ok()?;
        let mut lengths = vec![0; self.edges.len()];
        for step in order.into_iter().rev().map(NodeIndex::index).filter(|step| !self.waits[*step]) {
            lengths[step] = 1 + self.edges[step].iter().map(|next| lengths[*next]).max().unwrap_or(0);
        }
        let longest = lengths.iter().copied().max()?;
        Some((lengths.iter().position(|length| *length == longest)?, longest))
    }

    fn graph(&self, leaves: impl Fn(usize) -> bool) -> DiGraph<(), ()> {
        let mut graph = DiGraph::with_capacity(self.edges.len(), self.edges.len());
        for _ in &self.edges {
            graph.add_node(());
        }
        for (from, targets) in self.edges.iter().enumerate() {
            for to in targets {
                if leaves(from) {
                    graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to), ());
                }
            }
        }
        graph
    }
}
