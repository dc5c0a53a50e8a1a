DROP TABLE movie;
