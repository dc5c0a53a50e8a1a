DROP TABLE simulator_book;
