DROP TABLE rebuild;
DROP TABLE generation;
DROP TABLE my_order;
