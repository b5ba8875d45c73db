//! The map of sizes: a rectangle for each layer, and in it one for each part.

use serde_json::{Value, json};
use shipwheel_builder::{Part, Weight};

use super::squarify::{Area, squarify};

/// The parts of a layer that are drawn one by one; the rest are one rectangle.
const MAX_PARTS: usize = 60;

/// The map of layers with these parts, largest first, for a picture that is so many times as wide as it is high.
///
/// `[layer, x, y, width, height, [[part, x, y, width, height], …]]`, in percent: of the picture for a layer, of the layer
/// for a part. A part is its place in the list, or -1 for all that are left.
pub(super) fn treemap(layers: &[Vec<(Part, Weight)>], aspect: f64) -> Value {
    let bytes = |parts: &[(Part, Weight)]| parts.iter().map(|(_, weight)| weight.bytes as f64).sum::<f64>();
    let mut sizes: Vec<(usize, f64)> =
        layers.iter().enumerate().map(|(number, parts)| (number, bytes(parts))).collect();
    sizes.retain(|(_, bytes)| *bytes > 0.0);
    sizes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let values: Vec<f64> = sizes.iter().map(|(_, bytes)| *bytes).collect();
    let whole = Area { x: 0.0, y: 0.0, width: aspect, height: 1.0 };
    let areas = squarify(&values, whole);
    let layer = |((number, _), area): (&(usize, f64), Area)| {
        let parts = parts(&layers[*number], area);
        let [x, y, width, height] = percent(area, whole);
        json!([number, x, y, width, height, parts])
    };
    Value::Array(sizes.iter().zip(areas).map(layer).collect())
}

/// The parts of one layer, whose rectangle has these sides.
fn parts(parts: &[(Part, Weight)], layer: Area) -> Vec<Value> {
    let drawn = parts.iter().take(MAX_PARTS).filter(|(_, weight)| weight.bytes > 0);
    let mut values: Vec<(i64, f64)> =
        drawn.enumerate().map(|(number, (_, weight))| (number as i64, weight.bytes as f64)).collect();
    let rest: f64 = parts.iter().skip(MAX_PARTS).map(|(_, weight)| weight.bytes as f64).sum();
    if rest > 0.0 {
        values.push((-1, rest));
        values.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    let own = Area { x: 0.0, y: 0.0, ..layer };
    let areas = squarify(&values.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), own);
    let part = |((number, _), area): ((i64, f64), Area)| {
        let [x, y, width, height] = percent(area, own);
        json!([number, x, y, width, height])
    };
    values.into_iter().zip(areas).map(part).collect()
}

/// A rectangle in percent of another one, to a hundredth.
fn percent(area: Area, whole: Area) -> [f64; 4] {
    let of = |part: f64, all: f64| if all > 0.0 { (part / all * 10_000.0).round() / 100.0 } else { 0.0 };
    [of(area.x, whole.width), of(area.y, whole.height), of(area.width, whole.width), of(area.height, whole.height)]
}

#[cfg(test)]
mod tests {
    use shipwheel_builder::Owner;

    use super::*;

    fn part(owner: Owner, bytes: u64) -> (Part, Weight) {
        ((0, owner, false), Weight { files: 1, bytes })
    }

    #[test]
    fn layers_are_sorted_by_size_and_empty_ones_are_left_out() {
        let layers = [
            vec![part(Owner::System, 25)],
            vec![],
            vec![part(Owner::Application, 50), part(Owner::System, 25), part(Owner::Interpreter, 0)],
        ];
        let expected = json!([
            [2, 0.0, 0.0, 75.0, 100.0, [[0, 0.0, 0.0, 66.67, 100.0], [1, 66.67, 0.0, 33.33, 100.0]]],
            [0, 75.0, 0.0, 25.0, 100.0, [[0, 0.0, 0.0, 100.0, 100.0]]],
        ]);
        assert_eq!(treemap(&layers, 2.0), expected);
        assert_eq!(treemap(&[], 2.0), json!([]));
    }

    #[test]
    fn very_many_parts_are_drawn_as_one() {
        let layers = [(0..100).map(|number| part(Owner::Package(number), 10)).collect::<Vec<_>>()];
        let map = treemap(&layers, 1.0);
        let parts = map[0][5].as_array().unwrap();
        assert_eq!((parts.len(), parts[0][0].as_i64()), (MAX_PARTS + 1, Some(-1)));
    }
}
