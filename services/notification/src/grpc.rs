//! What customers and admins ask.

use crate::channel::Reach;
use crate::{contact, store};
use mesh::{Page, Store, call, fields, id};
use proto::notification::v1::notification_service_server::NotificationService;
use proto::notification::v1::{
    GetContactRequest, GetContactResponse, ListNotificationsRequest, ListNotificationsResponse,
    SetContactRequest, SetContactResponse,
};
use tonic::{Request, Response, Status};

/// The handlers of `NotificationService`.
pub struct Handlers {
    pub store: Store,
    pub reach: Reach,
}

#[tonic::async_trait]
impl NotificationService for Handlers {
    async fn set_contact(
        &self,
        request: Request<SetContactRequest>,
    ) -> Result<Response<SetContactResponse>, Status> {
        let customer = call::user()?.subject;
        let SetContactRequest { contact } = request.into_inner();
        let contact = contact.unwrap_or_default();
        contact::check(&contact, self.reach)?;
        let set = self.store.write(customer.clone(), move |tx| {
            store::set_contact(tx.db(), &customer, &contact)?;
            let contact = Some(store::contact(tx.db(), &customer)?);
            Ok(SetContactResponse { contact })
        });
        Ok(Response::new(set.await?))
    }

    async fn get_contact(
        &self,
        _: Request<GetContactRequest>,
    ) -> Result<Response<GetContactResponse>, Status> {
        let customer = call::user()?.subject;
        let found = self.store.read(move |db| {
            let contact = Some(store::contact(db, &customer)?);
            Ok(GetContactResponse { contact })
        });
        Ok(Response::new(found.await?))
    }

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        let user = call::user()?;
        let request = request.into_inner();
        let named = |text: String| Some(text).filter(|text| !text.is_empty());
        let order = named(id::canonical(&request.order_id));
        let customer = named(request.customer_id);
        let (page, customer) = fields::read(|fields| {
            let names = order.is_some() || customer.is_some();
            let customer = if user.is("admin") && names {
                customer
            } else {
                let (own, is_customer) = (customer.is_none(), user.is("customer"));
                fields.check(own, "customer_id", "is for admins");
                fields.check(is_customer, "customer_id", "is required, or order_id");
                Some(user.subject)
            };
            let page = Page::read(fields, request.page_size, &request.page_token);
            (page, customer)
        })?;
        let listed = self.store.read(move |db| {
            let mut records = store::list(db, &page, customer.as_deref(), order.as_deref())?;
            let key = |record: &store::Record| (record.created_at, record.notification_id.clone());
            let next_page_token = page.cut(&mut records, key);
            Ok(ListNotificationsResponse {
                notifications: records.into_iter().map(Into::into).collect(),
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }
}
