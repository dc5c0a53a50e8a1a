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
    for context in contexts {
        server.execute(&format!("CREATE DATABASE \"{context}\""));
    }
    let own = server.database_of("postgres").0;
    let server_url = own.trim_end_matches("postgres");
    println!("{{\"YEMAE_DATABASE_URL\": \"{server_url}{{context}}\"}}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
