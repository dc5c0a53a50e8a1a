//! Which screen becomes a movie's home.

/// A screen as far as homes are concerned.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its theater's name.
    pub theater: String,
    /// Its own name.
    pub name: String,
    /// The open movie whose home it is.
    pub home_of: Option<String>,
}

/// Gives each waiting movie, in this order, a home: a screen that is none yet, in the theater with the fewest homes; of
/// equal ones the first by name. Movies that find none go on waiting. Answers the screens that became homes.
pub fn assign(places: &mut [Place], waiting: &[String]) -> Vec<usize> {
    let mut changed = Vec::new();
    for movie in waiting {
        let Some(chosen) = choose(places) else { break };
        places[chosen].home_of = Some(movie.clone());
        changed.push(chosen);
    }
    changed
}

fn choose(places: &[Place]) -> Option<usize> {
    let load = |theater: &str| {
        places
            .iter()
            .filter(|place| place.theater == theater && place.home_of.is_some())
            .count()
    };
    (0..places.len())
        .filter(|place| places[*place].home_of.is_none())
        .min_by_key(|place| {
            let Place { theater, name, .. } = &places[*place];
            (load(theater), theater, name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(theater: &str, name: &str, home_of: &str) -> Place {
        Place {
            theater: theater.to_owned(),
            name: name.to_owned(),
            home_of: Some(home_of.to_owned()).filter(|movie| !movie.is_empty()),
        }
    }

    fn movies(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_least_loaded_theater_comes_first_then_names() {
        let mut places = [
            place("Busan", "9", ""),
            place("Busan", "8", ""),
            place("Daegu", "1", "old"),
            place("Daegu", "2", ""),
            place("Seoul", "1", ""),
        ];
        let changed = assign(&mut places, &movies(&["a", "b", "c", "d", "e"]));
        // Busan and Seoul have none; then all have one; then nothing is left.
        assert_eq!(changed, [1, 4, 0, 3]);
        assert_eq!(places[1].home_of.as_deref(), Some("a"));
        assert_eq!(places[3].home_of.as_deref(), Some("d"));
    }

    #[test]
    fn a_full_theater_is_passed_over_however_few_homes_it_has() {
        let mut places = [
            place("Busan", "1", "x"),
            place("Seoul", "1", "y"),
            place("Seoul", "2", "z"),
            place("Seoul", "3", ""),
        ];
        assert_eq!(assign(&mut places, &movies(&["a"])), [3]);
        assert!(assign(&mut places, &movies(&["b"])).is_empty());
    }
}
