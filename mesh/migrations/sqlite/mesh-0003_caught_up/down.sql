DROP TABLE caught_up;
