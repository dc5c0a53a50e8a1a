DROP TABLE claim;
DROP TABLE placed_order;
DROP TABLE intent;
