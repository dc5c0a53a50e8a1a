//! The curve of overload as a picture: what was booked, and how long the slowest hundredth took, over what was offered.

use super::sweep::{Curve, Step};
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 520.0;
/// The panels' left and right edges.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 690.0;
/// Lines of the grid, besides the axis.
const GRID: u32 = 4;
/// As wide as a letter of the font at most.
const LETTER: f64 = 6.5;
const DASHED: &str = "#57606a";

/// One of the two panels: its place, its name and unit, what its top stands for, and its lines.
struct Panel<'a> {
    top: f64,
    bottom: f64,
    name: &'static str,
    most: f64,
    lines: &'a [Line<'a>],
}

/// A line of a panel.
struct Line<'a> {
    name: &'static str,
    colour: &'static str,
    value: &'a dyn Fn(&Step) -> f64,
}

/// Draws it as SVG. Both axes begin at zero.
pub(super) fn draw(curve: &Curve) -> String {
    let most = |lines: &[Line<'_>]| {
        let values = |line: &Line<'_>| curve.steps.iter().map(line.value).fold(1.0, f64::max);
        lines.iter().map(values).fold(1.0, f64::max)
    };
    let bookings = [Line {
        name: "booked",
        colour: "#1a7f37",
        value: &|step| step.seen.all.booked_per_second,
    }];
    let times = [
        Line {
            name: "booked",
            colour: "#1a7f37",
            value: &|step| step.seen.all.p99_ms,
        },
        Line {
            name: "cancelled",
            colour: "#8250df",
            value: &|step| step.seen.all.cancel_p99_ms,
        },
    ];
    let panels = [
        Panel {
            top: 80.0,
            bottom: 270.0,
            name: "bookings a second",
            most: round_up(most(&bookings).max(curve.capacity)),
            lines: &bookings,
        },
        Panel {
            top: 340.0,
            bottom: 460.0,
            name: "p99, ms",
            most: round_up(most(&times)),
            lines: &times,
        },
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let verdict = if curve.passed { "withstood" } else { "FAILED" };
    let title = format!(
        "Overload {verdict}: a payment good for {:.0}/s, and up to {:.0} times as many bookings",
        curve.capacity,
        widest(curve) / curve.capacity
    );
    text(&mut svg, WIDTH / 2.0, 24.0, "middle", &title);
    for panel in &panels {
        panel.draw(&mut svg, curve);
    }
    let [bookings, _] = &panels;
    let y = bookings.down(curve.capacity);
    rule(&mut svg, y, DASHED, " stroke-dasharray=\"6 4\"");
    let below = "bookings offered, of what payment is good for";
    text(&mut svg, (LEFT + RIGHT) / 2.0, 504.0, "middle", below);
    svg.push_str("</svg>\n");
    svg
}

fn widest(curve: &Curve) -> f64 {
    curve.steps.last().map_or(1.0, |step| step.offered)
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String, curve: &Curve) {
        let across = |offered: f64| LEFT + (RIGHT - LEFT) * offered / widest(curve);
        text(svg, LEFT, self.top - 12.0, "start", self.name);
        for line in 0..=GRID {
            let value = self.most * f64::from(line) / f64::from(GRID);
            let y = self.down(value);
            rule(svg, y, "#d0d7de", "");
            text(svg, LEFT - 8.0, y + 4.0, "end", &short(value));
        }
        let times = (widest(curve) / curve.capacity).floor() as u32;
        for times in 0..=times {
            let x = across(f64::from(times) * curve.capacity);
            text(svg, x, self.bottom + 18.0, "middle", &format!("{times}x"));
        }
        for line in self.lines {
            let place = |step: &Step| (across(step.offered), self.down((line.value)(step)));
            let points: Vec<(f64, f64)> = curve.steps.iter().map(place).collect();
            draw_line(svg, &points, line.colour);
        }
        self.legend(svg);
    }

    /// From the right, above the panel.
    fn legend(&self, svg: &mut String) {
        let own = self.lines.iter().map(|line| (line.name, line.colour));
        let capacity = ("what payment is good for", DASHED);
        let shared = (self.lines.len() == 1).then_some(capacity);
        let (mut x, y) = (RIGHT, self.top - 12.0);
        for (name, colour) in own.chain(shared) {
            text(svg, x, y, "end", name);
            x -= name.len() as f64 * LETTER + 6.0;
            let dashes = if colour == DASHED {
                " stroke-dasharray=\"6 4\""
            } else {
                ""
            };
            let _ = writeln!(
                svg,
                "<line x1=\"{:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
                x - 22.0,
                y = y - 4.0
            );
            x -= 40.0;
        }
    }

    fn down(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * value / self.most
    }
}

fn draw_line(svg: &mut String, points: &[(f64, f64)], colour: &str) {
    let path: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let path = path.join(" ");
    let _ = writeln!(
        svg,
        "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
    );
    for (x, y) in points {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
}

fn rule(svg: &mut String, y: f64, colour: &str, more: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\"{more}/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, says: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{says}</text>"
    );
}

/// Without a fraction that says nothing.
fn short(value: f64) -> String {
    match value.fract() {
        0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// The next of 1, 2, 4, 6, 8 or 10 times a power of ten: what an axis ends with.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    let nice = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].map(|times| times * power);
    nice.into_iter()
        .find(|nice| *nice >= value)
        .unwrap_or(value)
}
