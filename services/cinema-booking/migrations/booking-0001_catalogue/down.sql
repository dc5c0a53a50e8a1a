DROP TABLE screening;
DROP TABLE movie;
