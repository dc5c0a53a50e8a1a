DROP TABLE my_order;
