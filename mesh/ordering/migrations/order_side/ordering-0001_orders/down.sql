DROP TABLE claim;
DROP TABLE catalogue;
DROP TABLE placed_order;
DROP TABLE intent;
