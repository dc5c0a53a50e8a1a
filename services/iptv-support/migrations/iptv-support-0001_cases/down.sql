DROP TABLE support_case;
DROP TABLE installer;
DROP TABLE plan;
