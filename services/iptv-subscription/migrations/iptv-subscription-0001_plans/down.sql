DROP TABLE premises;
DROP TABLE plan;
