//! What VOD adds to the lifecycle: what a movie costs at home.

use crate::{grpc, words};
use mesh::{Refusal, Tx, text};
use ordering::domain::order::Order;
use ordering::{Draft, Side, System, catalogue, not_sold, wire};
use prost::Message;
use proto::cinema::movie::v1::{Movie, MovieStatus};
use proto::shared::v1 as shared;
use proto::vod::order::v1::{OrderMovieRequest, OrderMovieResponse, Title};

/// The order side of VOD.
pub(crate) struct Selling;

impl Side for Selling {
    type Request = OrderMovieRequest;
    type Response = OrderMovieResponse;

    const SYSTEM: &'static System = &words::SYSTEM;
    const CREATE: &'static str = "OrderMovie";

    fn request_id(request: &OrderMovieRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &OrderMovieRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &OrderMovieRequest) -> Option<&shared::Money> {
        request.expected_total.as_ref()
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        _order_id: &str,
        request: &OrderMovieRequest,
    ) -> Result<Draft, Refusal> {
        let Some(movie) = catalogue::find::<Movie>(tx, &request.movie_id)? else {
            return Err(not_sold(tx, "movie")?);
        };
        let is_open = movie.status() == MovieStatus::Open;
        let price = movie.vod_price.filter(|_| is_open).ok_or_else(|| {
            Refusal::precondition(
                "NOT_ON_DEMAND",
                text(
                    "the movie is not sold on demand",
                    "VOD로 판매하지 않는 영화입니다.",
                ),
            )
        })?;
        let detail = Title {
            movie_id: movie.movie_id,
            movie_title: movie.title.clone(),
        };
        Ok(Draft {
            title: text(movie.title.clone(), movie.title),
            amount: wire::read_money(price),
            refs: Vec::new(),
            not_from: None,
            detail: detail.encode_to_vec(),
        })
    }

    fn response(&self, order: &Order) -> Result<OrderMovieResponse, Refusal> {
        Ok(OrderMovieResponse {
            order: Some(grpc::told(order)?),
        })
    }
}
