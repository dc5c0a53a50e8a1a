DROP TABLE declined;
DROP TABLE drive;
DROP TABLE driver;
