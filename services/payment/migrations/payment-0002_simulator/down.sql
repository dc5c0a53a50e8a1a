DROP TABLE simulator_refund;
DROP TABLE simulator_ledger;
