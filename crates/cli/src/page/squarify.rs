//! Values as rectangles of their areas, as near to squares as they get (Bruls, Huizing, van Wijk: Squarified Treemaps).

/// A rectangle, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// A rectangle of nothing, where nothing is left.
    fn nothing(self) -> Self {
        Self { width: 0.0, height: 0.0, ..self }
    }
}

/// One rectangle for each value, in their order; values come largest first. Together they fill the area.
///
/// Values that are not positive have no area.
pub(super) fn squarify(values: &[f64], area: Area) -> Vec<Area> {
    let total: f64 = values.iter().copied().filter(|value| *value > 0.0).sum();
    if total <= 0.0 || area.width <= 0.0 || area.height <= 0.0 {
        return values.iter().map(|_| area.nothing()).collect();
    }
    let scale = area.width * area.height / total;
    let areas: Vec<f64> = values.iter().map(|value| value.max(0.0) * scale).collect();
    let (mut done, mut rest, mut from) = (Vec::with_capacity(areas.len()), area, 0);
    while from < areas.len() {
        let count = row_length(&areas[from..], rest.width.min(rest.height));
        rest = lay(&areas[from..from + count], rest, &mut done);
        from += count;
    }
    done
}

/// How many of the next areas make the best row along a side.
fn row_length(areas: &[f64], side: f64) -> usize {
    let (mut sum, mut best) = (0.0, f64::INFINITY);
    for (count, area) in areas.iter().enumerate() {
        sum += area;
        let worst = worst(areas[0], *area, sum, side);
        if worst > best {
            return count;
        }
        best = worst;
    }
    areas.len()
}

/// The longest ratio of sides in a row, by its largest and smallest area.
fn worst(largest: f64, smallest: f64, sum: f64, side: f64) -> f64 {
    if smallest <= 0.0 || side <= 0.0 {
        return f64::INFINITY;
    }
    let (side, sum) = (side * side, sum * sum);
    (side * largest / sum).max(sum / (side * smallest))
}

/// Lays a row along the shorter side, and gives what is left.
fn lay(areas: &[f64], rest: Area, done: &mut Vec<Area>) -> Area {
    let sum: f64 = areas.iter().sum();
    let is_column = rest.width >= rest.height;
    let side = if is_column { rest.height } else { rest.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for area in areas {
        let length = if depth > 0.0 { area / depth } else { 0.0 };
        done.push(match is_column {
            true => Area { x: rest.x, y: rest.y + at, width: depth, height: length },
            false => Area { x: rest.x + at, y: rest.y, width: length, height: depth },
        });
        at += length;
    }
    match is_column {
        true => Area { x: rest.x + depth, width: (rest.width - depth).max(0.0), ..rest },
        false => Area { y: rest.y + depth, height: (rest.height - depth).max(0.0), ..rest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Area = Area { x: 0.0, y: 0.0, width: 6.0, height: 4.0 };

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn the_example_of_the_paper_is_laid_as_there() {
        let found = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], WHOLE);
        let expected = [
            (0.0, 0.0, 3.0, 2.0),
            (0.0, 2.0, 3.0, 2.0),
            (3.0, 0.0, 12.0 / 7.0, 7.0 / 3.0),
            (3.0 + 12.0 / 7.0, 0.0, 9.0 / 7.0, 7.0 / 3.0),
        ];
        for (found, (x, y, width, height)) in found.iter().zip(expected) {
            let is_same =
                near(found.x, x) && near(found.y, y) && near(found.width, width) && near(found.height, height);
            assert!(is_same, "{found:?}, expected {:?}", (x, y, width, height));
        }
    }

    #[test]
    fn areas_are_those_of_the_values_and_none_lies_over_another() {
        for count in [1, 2, 3, 10, 100, 400] {
            let values: Vec<f64> = (0..count).map(|number| 1e9 / f64::from((number + 1) * (number + 1))).collect();
            let total: f64 = values.iter().sum();
            let found = squarify(&values, WHOLE);
            assert_eq!(found.len(), values.len());
            for (area, value) in found.iter().zip(&values) {
                assert!((area.width * area.height - value * 24.0 / total).abs() < 1e-6, "{area:?} of {value}");
                assert!(area.x >= -1e-9 && area.y >= -1e-9, "{area:?}");
                assert!(area.x + area.width <= 6.0 + 1e-6 && area.y + area.height <= 4.0 + 1e-6, "{area:?}");
            }
            for (number, one) in found.iter().enumerate() {
                for other in &found[number + 1..] {
                    let wide = (one.x + one.width).min(other.x + other.width) - one.x.max(other.x);
                    let high = (one.y + one.height).min(other.y + other.height) - one.y.max(other.y);
                    assert!(wide <= 1e-6 || high <= 1e-6, "{one:?} lies over {other:?}");
                }
            }
        }
    }

    #[test]
    fn equal_values_are_nearly_squares() {
        for area in squarify(&[1.0; 24], WHOLE) {
            assert!(area.width / area.height < 2.1 && area.height / area.width < 2.1, "{area:?}");
        }
    }

    #[test]
    fn nothing_has_no_area_and_no_value_is_lost() {
        assert!(squarify(&[], WHOLE).is_empty());
        for (values, area) in [
            (&[0.0, 0.0][..], WHOLE),
            (&[5.0, 0.0, -1.0], WHOLE),
            (&[1.0, 1.0], Area { width: 0.0, ..WHOLE }),
            (&[1e300, 1e-300], WHOLE),
        ] {
            let found = squarify(values, area);
            assert_eq!(found.len(), values.len());
            assert!(found.iter().all(|it| it.width.is_finite() && it.height.is_finite()), "{found:?}");
        }
    }
}
