DROP TABLE premises;
