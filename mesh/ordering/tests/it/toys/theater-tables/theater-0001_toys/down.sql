DROP TABLE dropped; DROP TABLE seat;
