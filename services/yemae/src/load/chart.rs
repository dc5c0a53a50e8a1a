//! The curve of overload as a picture: what was booked, and how long the slowest hundredth took, over what was offered.

use super::sweep::{Curve, Step};
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 460.0;
/// The panels' left and right edges.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 690.0;
/// Lines of the grid, besides the axis.
const GRID: u32 = 4;

/// One of the two panels: its place, its name, its colour and the height that its top stands for.
struct Panel {
    top: f64,
    bottom: f64,
    name: &'static str,
    colour: &'static str,
    most: f64,
}

/// Draws it as SVG.
pub(super) fn draw(curve: &Curve) -> String {
    let widest = curve.steps.last().map_or(1.0, |step| step.offered);
    let booked = |step: &Step| step.seen.booked_per_second;
    let slowest = |step: &Step| step.seen.p99_ms;
    let most = |of: &dyn Fn(&Step) -> f64| curve.steps.iter().map(of).fold(1.0, f64::max);
    let panels = [
        Panel {
            top: 40.0,
            bottom: 240.0,
            name: "booked/s",
            colour: "#1a7f37",
            most: round_up(most(&booked).max(curve.capacity)),
        },
        Panel {
            top: 290.0,
            bottom: 410.0,
            name: "p99 ms of what was booked",
            colour: "#9a6700",
            most: round_up(most(&slowest)),
        },
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let title = format!(
        "What comes of overload: a payment good for {:.0}/s, {:.0}/s to {widest:.0}/s offered",
        curve.capacity,
        curve.steps.first().map_or(0.0, |step| step.offered)
    );
    text(&mut svg, WIDTH / 2.0, 20.0, "middle", &title);
    for (panel, value) in panels
        .iter()
        .zip([&booked as &dyn Fn(&Step) -> f64, &slowest])
    {
        panel.frame(&mut svg);
        panel.line(&mut svg, &curve.steps, widest, value);
    }
    for step in &curve.steps {
        let share = format!("{:.2}x", step.offered / curve.capacity);
        let share = share.replace(".00x", "x").replace("0x", "x");
        text(
            &mut svg,
            across(step.offered, widest),
            428.0,
            "middle",
            &share,
        );
    }
    text(
        &mut svg,
        (LEFT + RIGHT) / 2.0,
        450.0,
        "middle",
        "offered, of what payment is good for",
    );
    svg.push_str("</svg>\n");
    svg
}

fn across(offered: f64, widest: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * offered / widest
}

impl Panel {
    fn down(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * value / self.most
    }

    fn frame(&self, svg: &mut String) {
        for line in 0..=GRID {
            let value = self.most * f64::from(line) / f64::from(GRID);
            let y = self.down(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#d0d7de\"/>"
            );
            text(svg, LEFT - 8.0, y + 4.0, "end", &format!("{value:.0}"));
        }
        text(svg, LEFT, self.top - 6.0, "start", self.name);
    }

    fn line(&self, svg: &mut String, steps: &[Step], widest: f64, value: &dyn Fn(&Step) -> f64) {
        let points: Vec<(f64, f64)> = steps
            .iter()
            .map(|step| (across(step.offered, widest), self.down(value(step))))
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let (path, colour) = (path.join(" "), self.colour);
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
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, says: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{says}</text>"
    );
}

/// The next of 1, 2, 4, 6, 8 or 10 times a power of ten: what an axis ends with.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    let nice = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].map(|times| times * power);
    nice.into_iter()
        .find(|nice| *nice >= value)
        .unwrap_or(value)
}
