//! A PostgreSQL server for as long as standard input is open, with a database for each context: what `make bench` has a
//! mesh on. Prints the settings that say so, as a JSON object.

use mesh::Contracts;
use std::collections::BTreeSet;
use std::io::Read;
use testing::postgres::Server;

fn main() {
    let server = Server::durable().expect("`make tools` fetches PostgreSQL");
    let contracts = Contracts::load(proto::DESCRIPTORS).expect("the contracts");
    let contexts: BTreeSet<_> = contracts.methods().map(|method| &method.context).collect();
    let settings: Vec<_> = contexts
        .into_iter()
        .map(|context| {
            let name = context.to_uppercase().replace('-', "_");
            let url = server.database_of(context).0;
            format!("\"YEMAE_{name}__DATABASE_URL\": \"{url}\"")
        })
        .collect();
    println!("{{{}}}", settings.join(", "));
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
