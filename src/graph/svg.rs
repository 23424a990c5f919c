//! A graph as a picture that needs no program to be seen.
//!
//! `layout-rs` places nodes and arrows (it lays graphs out in ranks, as Graphviz does); what is drawn is
//! written here, as its own writer knows neither titles nor fonts nor the colours of a dark page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;

use super::{Graph, Mark, Node};
use crate::markup::escaped;

/// Size of the larger text, in pixels.
const FONT: usize = 14;
/// Size of the smaller text below it.
const SMALL: usize = 11;
/// How wide a character of a sans-serif font is at most, on average, as a part of its size.
const ADVANCE: f64 = 0.6;
/// The room around the texts of a node, on all sides together.
const PADDING: f64 = 20.0;
/// Characters of a node's second line; a reason may be long, and is whole in the node's title.
const DETAIL: usize = 44;
/// Room for the title above the graph.
const HEAD: f64 = 40.0;

/// Draws the graph as SVG.
pub fn svg(graph: &Graph) -> String {
    let mut visual = VisualGraph::new(Orientation::LeftToRight);
    let mut handles = BTreeMap::new();
    for node in graph.nodes() {
        // The shape's text is the node's place in the list: the pen looks the rest up by it.
        let shape = ShapeKind::new_box(&node.id);
        let element = Element::create(shape, plain(), Orientation::LeftToRight, size(node));
        handles.insert(node.id.as_str(), visual.add_node(element));
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (
            handles.get(edge.from.as_str()),
            handles.get(edge.to.as_str()),
        ) {
            visual.add_edge(Arrow::simple(""), *from, *to);
        }
    }
    let mut pen = Pen::new(graph);
    visual.do_it(false, false, false, &mut pen);
    pen.finish(&graph.title)
}

fn plain() -> StyleAttr {
    StyleAttr::new(Color::fast("black"), 1, None, 6, FONT)
}

fn size(node: &Node) -> Point {
    let (label, detail) = texts(node);
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let width = |text: &str, font: usize| text.chars().count() as f64 * font as f64 * ADVANCE;
    let wide = width(&label, FONT).max(width(&detail, SMALL));
    #[expect(clippy::cast_precision_loss, reason = "two small numbers")]
    let high = if detail.is_empty() {
        FONT
    } else {
        FONT + SMALL + 6
    } as f64;
    Point::new(wide + PADDING, high + PADDING)
}

/// The two lines of a node.
fn texts(node: &Node) -> (String, String) {
    let label = format!("{}{}", node.mark.sign(), node.label);
    let detail = if node.detail.chars().count() > DETAIL {
        node.detail.chars().take(DETAIL - 1).collect::<String>() + "…"
    } else {
        node.detail.clone()
    };
    (label, detail)
}

/// Writes what the layout asks for.
struct Pen<'a> {
    nodes: BTreeMap<&'a str, &'a Node>,
    body: String,
    far: Point,
    /// Where the rectangle is whose text comes next.
    corner: (Point, Point),
}

impl<'a> Pen<'a> {
    fn new(graph: &'a Graph) -> Self {
        Self {
            nodes: graph.nodes().map(|node| (node.id.as_str(), node)).collect(),
            body: String::new(),
            far: Point::zero(),
            corner: (Point::zero(), Point::zero()),
        }
    }

    fn reach(&mut self, x: f64, y: f64) {
        self.far.x = self.far.x.max(x);
        self.far.y = self.far.y.max(y);
    }

    fn node(&mut self, node: &Node) {
        let (corner, size) = self.corner;
        let (label, detail) = texts(node);
        let middle = corner.x + size.x / 2.0;
        let line = corner.y + if detail.is_empty() { 24.0 } else { 22.0 };
        let _ = writeln!(
            self.body,
            "<g class=\"{}\"><title>{}: {}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\" rx=\"6\"/><text x=\"{middle:.1}\" y=\"{line:.1}\">{}</text>",
            class(node.mark),
            escaped(&node.label),
            escaped(&node.detail),
            corner.x,
            corner.y,
            size.x,
            size.y,
            escaped(&label),
        );
        if !detail.is_empty() {
            let below = line + 16.0;
            let _ = writeln!(
                self.body,
                "<text class=\"detail\" x=\"{middle:.1}\" y=\"{below:.1}\">{}</text>",
                escaped(&detail)
            );
        }
        self.body.push_str("</g>\n");
    }

    fn finish(self, title: &str) -> String {
        let (width, height) = (self.far.x + 20.0, self.far.y + 20.0 + HEAD);
        let title = escaped(title);
        let mut style = String::new();
        for mark in [
            Mark::Kept,
            Mark::Created,
            Mark::Changed,
            Mark::Replaced,
            Mark::Deleted,
        ] {
            let (fill, stroke) = mark.colors();
            let _ = writeln!(
                style,
                ".{} rect {{ fill: {fill}; stroke: {stroke} }}",
                class(mark)
            );
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
             <title id=\"title\">{title}</title>\n<style>\n\
             text {{ font: {FONT}px system-ui, sans-serif; text-anchor: middle; fill: #1f2328 }}\n\
             .detail {{ font-size: {SMALL}px; fill: #424a53 }}\n\
             .head {{ font-size: 18px; text-anchor: start }}\n\
             path {{ fill: none; stroke: #6e7781; marker-end: url(#end) }}\n{style}</style>\n\
             <defs><marker id=\"end\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" \
             orient=\"auto\"><polygon points=\"0 0, 9 4, 0 8\" fill=\"#6e7781\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text class=\"head\" x=\"20\" y=\"28\">{title}</text>\n\
             <g transform=\"translate(0 {HEAD:.0})\">\n{}</g>\n</svg>\n",
            self.body
        )
    }
}

const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Kept => "kept",
        Mark::Created => "created",
        Mark::Changed => "changed",
        Mark::Replaced => "replaced",
        Mark::Deleted => "deleted",
    }
}

impl RenderBackend for Pen<'_> {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        _: &StyleAttr,
        _: Option<String>,
        _: Option<ClipHandle>,
    ) {
        self.reach(xy.x + size.x, xy.y + size.y);
        self.corner = (xy, size);
    }

    fn draw_text(&mut self, _: Point, text: &str, _: &StyleAttr) {
        if let Some(node) = self.nodes.get(text).copied() {
            self.node(node);
        }
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        _: bool,
        _: (bool, bool),
        _: &StyleAttr,
        _: Option<String>,
        _: &str,
    ) {
        // The first pair is a point and the handle of its curve, every other one a handle and its point.
        let [(start, handle), rest @ ..] = path else {
            return;
        };
        let mut shape = format!("M{:.1} {:.1}", start.x, start.y);
        for (index, (control, end)) in rest.iter().enumerate() {
            if index == 0 {
                let _ = write!(
                    shape,
                    " C{:.1} {:.1}, {:.1} {:.1}, {:.1} {:.1}",
                    handle.x, handle.y, control.x, control.y, end.x, end.y
                );
            } else {
                let _ = write!(
                    shape,
                    " S{:.1} {:.1}, {:.1} {:.1}",
                    control.x, control.y, end.x, end.y
                );
            }
            self.reach(end.x, end.y);
        }
        let _ = writeln!(self.body, "<path d=\"{shape}\"/>");
    }

    // No shape that is used here has lines, circles or clips.
    fn draw_line(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}
    fn draw_circle(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}
    fn create_clip(&mut self, _: Point, _: Point, _: usize) -> ClipHandle {
        0
    }
}
