DROP TABLE fulfilment;
